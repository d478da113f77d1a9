// What a row of the table means: counts, figures, the cheapest row, the uncertain band. No drawing here.
const METRICS = {
  f1: "F1",
  macro_f1: "Macro F1",
  balanced_accuracy: "Balanced accuracy",
  accuracy: "Accuracy",
  precision: "Precision",
  precision_at: "Precision at the prevalence",
  recall: "Recall",
  fpr: "False-positive rate",
  youden: "Youden's J",
  called_fake: "Share called fake",
  queue: "Sent to people",
};
const ratio = (part, whole) => (whole > 0 ? part / whole : null);
const mean = (a, b) => (a === null || b === null ? null : (a + b) / 2);

class Model {
  // data.rows: t ascending, tp and fp on the split that is looked at, chosen_tp and chosen_fp where thresholds are chosen
  constructor(data) {
    const { rows } = data;
    this.t = [...rows.t, null]; // null: nothing is called fake
    this.tp = [...rows.tp, 0];
    this.fp = [...rows.fp, 0];
    this.chosenTp = [...(rows.chosen_tp || rows.tp), 0];
    this.chosenFp = [...(rows.chosen_fp || rows.fp), 0];
    this.look = data.look;
    this.chosen = data.chosen;
    this.last = this.t.length - 1;
    this.cost = { fp: 1, fn: 1, prevalence: null };
    this.error = null;
    const [low, high] = data.range;
    const half = high / 2 - low / 2 || 1; // halves: the highest and the lowest number may be far apart
    const place = (t) => (t > high ? 0.985 : (0.97 * Math.max(0, t / 2 - low / 2)) / half); // 0.5 may lie far off all scores
    this.positions = {
      // of each row on the threshold axis, 0 to 1; the last lies a little behind the highest score
      score: this.t.map((t) => (t === null ? 1 : place(t))),
      rank: this.t.map((t, i) => (t === null ? 1 : 0.97 * (1 - this.called(i) / this.total()))),
    };
    this.scale = "score";
  }
  total() {
    return this.look.positives + this.look.negatives;
  }
  called(i) {
    return this.tp[i] + this.fp[i];
  }
  x(i) {
    return this.positions[this.scale][i];
  }
  xOf(t) {
    // of any score, between the rows
    if (t === null) return 1;
    const right = this.index(t);
    const xs = this.positions[this.scale];
    if (right === 0 || this.t[right] === t) return xs[right];
    if (right >= this.last) return xs[this.last - 1];
    return (
      xs[right - 1] +
      ((xs[right] - xs[right - 1]) * (t - this.t[right - 1])) / (this.t[right] - this.t[right - 1])
    );
  }
  index(t) {
    // the first row whose threshold is at least t: the same samples are called fake
    if (t === null) return this.last;
    let low = 0;
    let high = this.last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.t[middle] >= t) high = middle;
      else low = middle + 1;
    }
    return low;
  }
  nearest(x) {
    // the row nearest a position on the threshold axis
    const xs = this.positions[this.scale];
    let low = 0;
    let high = this.last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (xs[middle] <= x) low = middle;
      else high = middle;
    }
    return x - xs[low] <= xs[high] - x ? low : high;
  }
  price(fp, fn, negatives, positives) {
    // of 1,000 samples
    const { fp: a, fn: b, prevalence: share } = this.cost;
    if (share === null) return (1000 * (a * fp + b * fn)) / (negatives + positives);
    return 1000 * ((a * (1 - share) * fp) / negatives + (b * share * fn) / positives);
  }
  figures(i) {
    const { positives, negatives } = this.look;
    const tp = this.tp[i];
    const fp = this.fp[i];
    const fn = positives - tp;
    const tn = negatives - fp;
    const recall = tp / positives;
    const fpr = fp / negatives;
    const share = this.cost.prevalence ?? positives / (positives + negatives);
    const f1 = ratio(2 * tp, 2 * tp + fp + fn);
    const band = this.band(i);
    return {
      tp,
      fp,
      tn,
      fn,
      recall,
      fpr,
      f1,
      precision: ratio(tp, tp + fp),
      precision_at: ratio(share * recall, share * recall + (1 - share) * fpr),
      macro_f1: mean(f1, ratio(2 * tn, 2 * tn + fp + fn)),
      accuracy: (tp + tn) / this.total(),
      balanced_accuracy: (recall + 1 - fpr) / 2,
      youden: recall - fpr,
      called_fake: (tp + fp) / this.total(),
      queue: band === null ? 0 : band.queue,
      error: band === null ? null : band.wrong,
      cost: this.price(fp, fn, negatives, positives),
    };
  }
  cheapest() {
    // chosen on the split where thresholds are chosen; the lowest threshold among equals
    const { positives, negatives } = this.chosen;
    let best = 0;
    let least = Infinity;
    for (let i = 0; i <= this.last; i++) {
      const price = this.price(this.chosenFp[i], positives - this.chosenTp[i], negatives, positives);
      if (i === 0 || price < least - 1e-12 * least) {
        best = i;
        least = price;
      }
    }
    return best;
  }
  band(i) {
    // around row i: each verdict outside errs at most this.error of the time, on the split of choice
    if (this.error === null) return null;
    const { positives, negatives } = this.chosen;
    const total = positives + negatives;
    let high = i;
    let low = i;
    while (
      high < this.last &&
      this.chosenFp[high] / (this.chosenTp[high] + this.chosenFp[high]) > this.error
    ) {
      high++;
    }
    const missed = (j) => (positives - this.chosenTp[j]) / (total - this.chosenTp[j] - this.chosenFp[j]);
    while (low > 0 && !(missed(low) <= this.error)) low--;
    const decided = this.called(high) + this.total() - this.called(low);
    const wrong = this.fp[high] + this.look.positives - this.tp[low];
    return { low, high, queue: 1 - decided / this.total(), wrong: ratio(wrong, decided) };
  }
}

function show(value, digits = 3) {
  // three significant digits, as everywhere in the house
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const places = Math.min(6, Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}
const percent = (value) => (value === null || value === undefined ? "–" : `${show(100 * value)} %`);
const count = (value) => value.toLocaleString("en-US");
const threshold = (t) => (t === null ? "none" : String(Number(t.toPrecision(6))));
