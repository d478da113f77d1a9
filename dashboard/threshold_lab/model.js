// What a row of the table means: counts, figures, the cheapest row, the uncertain band. No drawing here.
//
//   t         0.1  0.4  0.7  null     calling fake what scores at least t; null: nothing is called fake
//   tp, fp      3    2    1     0     on the split that is looked at
//   chosen_*                          the same on the split where thresholds are chosen, where it is another one
const METRICS = {
  f1: "F1",
  macro_f1: "Macro F1",
  balanced_accuracy: "Balanced accuracy",
  accuracy: "Accuracy",
  precision: "Precision",
  precision_at: "Precision in use",
  recall: "Recall",
  fpr: "False-alarm rate",
  youden: "Youden's J",
  called_fake: "Share called fake",
  queue: "Share left to a person",
};
const ratio = (part, whole) => (whole > 0 ? part / whole : null);
const mean = (a, b) => (a === null || b === null ? null : (a + b) / 2);

class Model {
  constructor(table) {
    this.look = table.look;
    this.turned = table.turned; // scores were negated: low ones are fake in their file
    this.chosen = table.chosen;
    this.cost = { fp: 1, fn: 1, prevalence: null };
    this.error = null;
    this.exactBand = null; // {t, error, low, high}: what Python found among all scores
    this.setRows(table.rows);
  }
  own(t) {
    // A score as the file has it.
    return this.turned && t !== null ? 0 - t : t;
  }
  setRows(rows) {
    this.t = [...rows.t, null];
    this.tp = [...rows.tp, 0];
    this.fp = [...rows.fp, 0];
    this.chosenTp = [...(rows.chosen_tp || rows.tp), 0];
    this.chosenFp = [...(rows.chosen_fp || rows.fp), 0];
    this.last = this.t.length - 1;
  }
  merge(rows) {
    // Exact rows around the line join the table; says whether any of them was new.
    const known = new Set(this.t);
    const fresh = rows.t.map((_, k) => k).filter((k) => !known.has(rows.t[k]));
    if (!fresh.length) return false;
    const chosenTp = rows.chosen_tp || rows.tp;
    const chosenFp = rows.chosen_fp || rows.fp;
    const old = this.t
      .slice(0, -1)
      .map((t, i) => [t, this.tp[i], this.fp[i], this.chosenTp[i], this.chosenFp[i]]);
    const all = fresh.map((k) => [rows.t[k], rows.tp[k], rows.fp[k], chosenTp[k], chosenFp[k]]).concat(old);
    all.sort((a, b) => a[0] - b[0]);
    const [t, tp, fp, chosen_tp, chosen_fp] = [0, 1, 2, 3, 4].map((column) => all.map((row) => row[column]));
    this.setRows({ t, tp, fp, chosen_tp, chosen_fp });
    return true;
  }
  total() {
    return this.look.positives + this.look.negatives;
  }
  called(i) {
    return this.tp[i] + this.fp[i];
  }
  index(t) {
    // The first row whose threshold is at least t: the same samples are called fake.
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
  same(i, j) {
    return (
      this.tp[i] === this.tp[j] &&
      this.fp[i] === this.fp[j] &&
      this.chosenTp[i] === this.chosenTp[j] &&
      this.chosenFp[i] === this.chosenFp[j]
    );
  }
  settle(i) {
    // Of neighbouring rows that call the same samples fake, the one that is a score.
    let row = i;
    while (row < this.last && this.same(row, row + 1)) row++;
    return row;
  }
  sameChosen(i, j) {
    return this.chosenTp[i] === this.chosenTp[j] && this.chosenFp[i] === this.chosenFp[j];
  }
  settleChosen(i) {
    // The same for the split where thresholds are chosen alone.
    let row = i;
    while (row < this.last && this.sameChosen(row, row + 1)) row++;
    return row;
  }
  next(i, by) {
    // The neighbouring operating point: other samples are called fake, on one of the two splits.
    let row = i;
    while (row + by >= 0 && row + by <= this.last && this.same(row, i)) row += by;
    return this.same(row, i) ? i : this.settle(row);
  }
  below(i) {
    // Share of the samples under row i, each class counting half, where thresholds are chosen.
    const { positives, negatives } = this.chosen;
    return 1 - (this.chosenTp[i] / positives + this.chosenFp[i] / negatives) / 2;
  }
  price(fp, fn, negatives, positives) {
    // Of 1,000 samples.
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
    // Chosen on the split where thresholds are chosen; the lowest threshold among equals that none dominates.
    const { positives, negatives } = this.chosen;
    let best = 0;
    let least = null;
    for (let i = this.settleChosen(0); i <= this.last; i = this.settleChosen(i + 1)) {
      const price = this.price(this.chosenFp[i], positives - this.chosenTp[i], negatives, positives);
      if (least === null || price < least - 1e-12 * least) {
        best = i;
        least = price;
      }
    }
    return this.undominated(best);
  }
  undominated(i) {
    // The highest threshold that finds as many fakes: it has the fewest false alarms.
    let row = i;
    while (row < this.last && this.chosenTp[row + 1] === this.chosenTp[i]) row++;
    return row;
  }
  band(i) {
    // Around row i: each verdict outside errs at most this.error of the time, on the split of choice.
    if (this.error === null) return null;
    const [low, high] = this.bandEnds(i);
    const decided = this.called(high) + this.total() - this.called(low);
    const wrong = this.fp[high] + this.look.positives - this.tp[low];
    return { low, high, queue: 1 - decided / this.total(), wrong: ratio(wrong, decided), decided };
  }
  bandEnds(i) {
    const exact = this.exactBand;
    if (exact && exact.t === this.t[i] && exact.error === this.error) {
      return [this.index(exact.low), this.index(exact.high)];
    }
    const { positives, negatives } = this.chosen;
    const alarms = (j) => this.chosenFp[j] / (this.chosenTp[j] + this.chosenFp[j]);
    const reals = (j) => positives + negatives - this.chosenTp[j] - this.chosenFp[j];
    const missed = (j) => (positives - this.chosenTp[j]) / reals(j);
    const start = this.settleChosen(i);
    let high = start;
    while (high < this.last && alarms(high) > this.error) high++;
    let low = start;
    while (low > 0 && !(missed(low) <= this.error)) low--;
    if (low < this.last) return [this.settleChosen(low), this.settleChosen(high)];
    while (low > 0 && this.sameChosen(low, low - 1)) low--; // just above the highest score chosen on
    return [low, this.settleChosen(high)];
  }
  cells(i) {
    // The confusion matrix, with its third column where a band leaves samples to people.
    const { positives, negatives } = this.look;
    const band = this.band(i);
    const high = band ? band.high : i;
    const low = band ? band.low : i;
    return {
      tp: this.tp[high],
      fp: this.fp[high],
      people_fake: this.tp[low] - this.tp[high],
      people_real: this.fp[low] - this.fp[high],
      fn: positives - this.tp[low],
      tn: negatives - this.fp[low],
    };
  }
}
