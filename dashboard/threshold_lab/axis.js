// The threshold axis: how a score becomes a place between 0 and 1, which part of the scores fills it, its ticks.
//
//   0 |--------- window ---------| 0.96   1
//     low                      high       nothing is called fake
/* global HUGE, MINUS, TINY, number, threshold, withoutZeros, write */
const END = 0.96;
const MARGIN = 0.12; // of the window, on each side of the region where the classes meet
const SCALES = { score: "scores as they are", logit: "log odds of scores", quantile: "share of samples" };
const logit = (p) => Math.max(-40, Math.min(40, Math.log(p) - Math.log1p(-p)));

class Axis {
  constructor(model, wanted) {
    this.model = model;
    this.wanted = wanted;
    this.use(wanted.scale);
  }
  use(scale) {
    this.scale = scale;
    this.refresh();
    this.reset();
  }
  refresh() {
    // Places of all rows before zooming; halves, because two scores may be further apart than numbers go.
    const { model } = this;
    this.u = model.t.slice(0, -1).map((t, i) => (this.scale === "quantile" ? model.below(i) : this.place(t)));
  }
  place(t) {
    return this.scale === "logit" ? logit(t) : t / 2;
  }
  uOf(t) {
    if (this.scale !== "quantile") return this.place(t);
    const right = Math.min(this.model.index(t), this.u.length - 1);
    const here = this.model.t[right];
    if (right === 0 || here <= t) return this.u[right];
    const before = this.model.t[right - 1];
    const share = (t / 2 - before / 2) / (here / 2 - before / 2);
    return this.u[right - 1] + share * (this.u[right] - this.u[right - 1]);
  }
  ends() {
    // From the lowest to the highest score of both splits, without thresholds that lie beyond all of them.
    const { low, high } = this.wanted.range;
    return [this.uOf(low), this.uOf(high)];
  }
  open({ scale, zoom }) {
    // As a link asks for it.
    if (scale in SCALES && (scale !== "logit" || this.wanted.probability)) this.use(scale);
    const ends = zoomOf(zoom);
    if (ends) this.setWindow(...ends);
  }
  reset() {
    const low = this.uOf(this.wanted.low);
    const high = this.uOf(this.wanted.high);
    const [least, most] = this.ends();
    const margin = MARGIN * (high - low);
    this.setWindow(Math.max(least, low - margin), Math.min(most, high + margin));
    this.fitted = true;
  }
  all() {
    this.setWindow(...this.ends());
  }
  setWindow(low, high) {
    const width = high - low;
    const least = Math.max(Math.abs(low), Math.abs(high), 1e-300) * 1e-12;
    const room = width > least ? 0 : Math.max(0.5, Math.abs(low) * 1e-3);
    this.low = low - room;
    this.high = high + room;
    this.fitted = false; // to where the classes meet
  }
  zoom(factor, row) {
    // Around the line, within the scores.
    const [least, most] = this.ends();
    const at = row < this.u.length ? Math.min(this.high, Math.max(this.low, this.u[row])) : this.high;
    const low = Math.max(least, at - factor * (at - this.low));
    const high = Math.min(most, at + factor * (this.high - at));
    if (low < high) this.setWindow(low, high);
  }
  follow(row) {
    // A line that was moved beyond the window takes the window along; says whether it did.
    if (row >= this.u.length) return false;
    const u = this.u[row];
    if (u >= this.low && u <= this.high) return false;
    this.setWindow(Math.min(this.low, u), Math.max(this.high, u));
    return true;
  }
  at(u) {
    return (END * (u - this.low)) / (this.high - this.low);
  }
  raw(row) {
    return row < this.u.length ? this.at(this.u[row]) : 1;
  }
  x(row) {
    return row < this.u.length ? Math.min(END, Math.max(0, this.raw(row))) : 1;
  }
  xOf(t) {
    return t === null ? 1 : Math.min(END + 0.02, Math.max(0, this.at(this.uOf(t))));
  }
  nearest(x) {
    if (x > (END + 1) / 2) return this.model.last;
    const wanted = this.low + (Math.max(0, x) / END) * (this.high - this.low);
    const right = this.rowFrom(Math.min(wanted, this.high));
    const left = Math.max(0, right - 1);
    const inside = this.u[left] >= this.low && wanted - this.u[left] < this.u[right] - wanted;
    return this.model.settle(inside || this.u[right] > this.high ? left : right);
  }
  rowFrom(u) {
    // The first row at u or beyond; the highest where there is none.
    let low = 0;
    let high = this.u.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.u[middle] >= u) high = middle;
      else low = middle + 1;
    }
    return low;
  }
  bars(most = 44) {
    // Rows that part the window into bars, with exact counts between each and the next.
    const edges = [this.rowFrom(this.low)];
    for (let k = 1; k < most; k++) {
      const row = this.rowFrom(this.low + (k / most) * (this.high - this.low));
      if (row > edges[edges.length - 1] && this.u[row] < this.high) edges.push(row);
    }
    let end = this.rowFrom(this.high);
    if (this.u[end] <= this.high) end++;
    if (end > edges[edges.length - 1]) edges.push(end);
    return edges;
  }
  ticks() {
    // [place, text] of each tick, and what is taken off their texts where the scores lie far from zero.
    const { marks, offset } = { score: scoreMarks, logit: logitMarks, quantile: quantileMarks }[this.scale](
      this,
    );
    const kept = [[1, "none"]];
    for (const [x, text] of marks) {
      const distinct = kept.every(([, other]) => other !== text);
      if (x >= 0 && x <= END && distinct && kept.every(([at, other]) => fits(at - x, text, other))) {
        kept.push([x, text]);
      }
    }
    return { ticks: kept, offset };
  }
}

// Whether two texts of 11 pixels have room beside each other on the axis of a panel.
const fits = (gap, a, b) => Math.abs(gap) > 0.0115 * (a.length + b.length) + 0.03;

function nice(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= step * 0.999);
}
function scoreMarks(axis) {
  const low = 2 * axis.low;
  const high = 2 * axis.high;
  const step = nice((axis.high - axis.low) * 0.4);
  if (!Number.isFinite(low) || !Number.isFinite(high) || !Number.isFinite(step)) return quantileMarks(axis);
  const farOff = Math.max(Math.abs(low), Math.abs(high)) / step > 1e4;
  const offset = farOff ? Math.floor(low / step) * step : 0;
  const marks = [];
  for (let k = Math.ceil((low - offset) / step); k * step + offset <= high && marks.length < 12; k++) {
    marks.push([axis.at((k * step + offset) / 2), tickText(axis.model.own(k * step), step)]);
  }
  return { marks: endsFirst(marks), offset: axis.model.own(offset) };
}
function tickText(value, step) {
  if (value === 0) return "0";
  if (Math.abs(value) >= HUGE || step < TINY) return withExponent(value, 6);
  return write(value, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}
function withExponent(value, digits) {
  // beyond what can be written out on an axis
  return Number(value.toPrecision(digits)).toExponential().replace("e+", "e").replaceAll("-", MINUS);
}
function logitMarks(axis) {
  const tails = [1e-9, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4];
  const low = tails.map((p) => [p, threshold(p)]);
  const high = tails.map((p) => [1 - p, threshold(1 - p)]);
  const marks = [[0.5, "0.5"], ...low, ...high].map(([p, words]) => [axis.at(logit(p)), words]);
  return {
    marks: endsFirst(marks.filter(([x]) => x >= 0 && x <= END).sort((a, b) => a[0] - b[0])),
    offset: 0,
  };
}
function quantileMarks(axis) {
  const rows = [0, 0.25, 0.5, 0.75, 1].map((share) => axis.nearest(share * END * 0.97));
  const scores = [...new Set(rows.filter((row) => row < axis.u.length))].map((row) => [
    axis.x(row),
    axis.model.own(axis.model.t[row]),
  ]);
  let digits = 3;
  const texts = () => scores.map(([, t]) => scoreText(t, digits));
  while (digits < 12 && new Set(texts()).size < scores.length) digits++;
  const written = texts();
  return { marks: endsFirst(scores.map(([x], k) => [x, written[k]])), offset: 0 };
}
function scoreText(t, digits) {
  const beyond = t !== 0 && (Math.abs(t) < TINY || Math.abs(t) >= HUGE);
  return beyond ? withExponent(t, digits) : withoutZeros(number(t, digits));
}
function endsFirst(marks) {
  // The two ends, then the middle of what is left, and so on: 0 8 4 2 6 …
  const order = [];
  const queue = [[0, marks.length - 1]];
  if (marks.length) order.push(0);
  if (marks.length > 1) order.push(marks.length - 1);
  while (queue.length) {
    const [left, right] = queue.shift();
    if (right - left < 2) continue;
    const middle = (left + right) >> 1;
    order.push(middle);
    queue.push([left, middle], [middle, right]);
  }
  return order.map((place) => marks[place]);
}
