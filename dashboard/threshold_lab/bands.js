// 95 % intervals: exact at the thresholds that Python worked out, and between these their distance from the figure is
// interpolated by rank, so that an interval always holds the figure it stands beside.
const Z = 1.959963984540054; // 95 %, both sides
const SHARES_ONLY = new Set(["youden"]); // may be under 0

function intervalsAt(columns, place) {
  const found = {};
  for (const [name, [low, high]] of Object.entries(columns)) {
    if (low[place] !== null) found[name] = [low[place], high[place]];
  }
  return found;
}

class Bands {
  constructor(model, table) {
    this.model = model;
    this.exact = new Map();
    const { t: thresholds, ...columns } = table.bands;
    thresholds.forEach((t, place) => this.exact.set(t, intervalsAt(columns, place)));
    this.grid = [...this.exact.entries()]
      .filter(([t]) => t !== null)
      .map(([t, intervals]) => ({ t, intervals }))
      .sort((a, b) => a.t - b.t);
  }
  learn(t, intervals) {
    if (intervals) this.exact.set(t, intervals);
  }
  at(row, name, value) {
    // [low, high] around `value`, the figure of this row; null where there is none.
    if (value === null || value === undefined) return null;
    if (name === "cost") return this.costAt(row, value);
    if (name === "precision_at") return this.precisionAt(row, value);
    if (name === "queue" || name === "error") return this.bandShare(row, name, value);
    const known = this.exact.get(this.model.t[row]);
    if (known) return known[name] || null;
    return this.between(row, name, value);
  }
  bandShare(row, name, value) {
    // Wilson's interval of what a band does, of as many samples as Python found that these are worth.
    const worth = this.model.exactBand?.worth?.[name];
    const of = name === "queue" ? this.model.total() : this.model.band(row).decided;
    if (worth === undefined || !of) return null;
    const size = worth * of;
    const square = (Z * Z) / size;
    const middle = (value + square / 2) / (1 + square);
    const half = (Z * Math.sqrt((value * (1 - value)) / size + square / (4 * size))) / (1 + square);
    return [Math.max(0, Math.min(middle - half, value)), Math.min(1, Math.max(middle + half, value))];
  }
  precisionAt(row, value) {
    // Where a share of the samples is fake: proportions.precision_at_interval in the browser.
    const { prevalence } = this.model.cost;
    const share = prevalence ?? this.model.look.positives / this.model.total();
    const { recall, fpr } = this.model.figures(row);
    const hit = this.at(row, "recall", recall);
    const alarm = this.at(row, "fpr", fpr);
    if (!hit || !alarm) return null;
    const odds = (a, b) => (share < 1 && b > 0 ? (share * a) / ((1 - share) * b) : Infinity);
    const step = (a, b) => (a === b ? 0 : Math.min(a, b) ? Math.log(a / b) : Infinity);
    const far = (...steps) => Math.exp(Math.min(Math.hypot(...steps), 700));
    let ends = [odds(hit[0], alarm[1]), odds(hit[1], alarm[0])];
    if (recall > 0 && fpr > 0) {
      const here = odds(recall, fpr);
      ends = [
        here / far(step(recall, hit[0]), step(alarm[1], fpr)),
        here * far(step(hit[1], recall), step(fpr, alarm[0])),
      ];
    }
    const [low, high] = ends.map((ratio_) => (ratio_ < 1e300 ? ratio_ / (1 + ratio_) : 1));
    return [Math.min(low, value), Math.max(high, value)];
  }
  costAt(row, value) {
    // What a price does to the intervals of the error rates: at_threshold.cost_ends in the browser.
    const { fp: a, fn: b, prevalence } = this.model.cost;
    const { positives, negatives } = this.model.look;
    const figures = this.model.figures(row);
    const [recall, fpr, accuracy] = ["recall", "fpr", "accuracy"].map((name) =>
      this.at(row, name, figures[name]),
    );
    if (!recall || !fpr || !accuracy) return null;
    let ends;
    if (prevalence === null && a === b) {
      ends = [1000 * a * (1 - accuracy[1]), 1000 * a * (1 - accuracy[0])];
    } else {
      const fakes = prevalence ?? positives / (positives + negatives);
      const [alarm, miss] = [1000 * a * (1 - fakes), 1000 * b * fakes];
      const under = Math.hypot(miss * (recall[1] - figures.recall), alarm * (figures.fpr - fpr[0]));
      const over = Math.hypot(miss * (figures.recall - recall[0]), alarm * (fpr[1] - figures.fpr));
      ends = [Math.max(0, value - under), Math.min(alarm + miss, value + over)];
    }
    return [Math.min(ends[0], value), Math.max(ends[1], value)];
  }
  between(row, name, value) {
    const { left, right } = this.neighbours(row);
    const a = this.spread(left, name);
    const b = this.spread(right, name);
    if (!a || !b) return null;
    const gap = this.rank(right.t) - this.rank(left.t);
    const part = gap > 0 ? (this.model.below(row) - this.rank(left.t)) / gap : 0;
    const low = value - (a[0] + part * (b[0] - a[0]));
    const high = value + (a[1] + part * (b[1] - a[1]));
    return SHARES_ONLY.has(name) ? [low, high] : [Math.max(0, low), Math.min(1, high)];
  }
  rank(t) {
    return this.model.below(this.model.index(t));
  }
  neighbours(row) {
    const t = this.model.t[row];
    const place = this.grid.findIndex((here) => t !== null && here.t >= t);
    const right = place < 0 ? this.grid.at(-1) : this.grid[place];
    const left = place < 0 ? right : this.grid[Math.max(0, place - 1)];
    return { left, right };
  }
  spread(here, name) {
    // How far the ends lie from the figure at a threshold of the grid.
    const ends = here?.intervals[name];
    if (!ends) return null;
    const value = this.model.figures(this.model.index(here.t))[name];
    return value === null ? null : [Math.max(0, value - ends[0]), Math.max(0, ends[1] - value)];
  }
  curve(name) {
    // [threshold, low, high] along the grid, for the shaded part of a drawing.
    return this.grid.filter((here) => here.intervals[name]).map((here) => [here.t, ...here.intervals[name]]);
  }
}
