// Axes of the live curves: from data to pixels and back, and where their ticks stand.
const STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]; // half of a small panel's axis, times a power of ten
function scale(low, high, start, end, log) {
  const f = log ? (v) => Math.log10(Math.max(v, 1e-12)) : (v) => v;
  const g = log ? (v) => 10 ** v : (v) => v;
  const a = f(low);
  const span = f(high) - a || 1;
  return {
    low,
    high,
    log,
    to: (v) => start + ((f(v) - a) / span) * (end - start),
    from: (p) => g(a + ((p - start) / (end - start)) * span),
  };
}
// The end of an axis from zero whose middle is a round number: 63  ->  80, with 40 between
function evenTop(high) {
  const size = 10 ** Math.floor(Math.log10(high / 2));
  return 2 * size * STEPS.find((step) => step * size >= high / 2 - 1e-9 * size);
}
function ticks(axis, count) {
  // Of a few tens also twice and five times as much; within one of them they stand evenly.
  for (const times of axis.log ? [[1], [1, 2, 5]] : []) {
    const found = powers(axis, times);
    if (found.length > 2) return found;
  }
  // One tick alone says nothing of the scale: then there are more of them than were asked for.
  for (let more = 1; more < 5; more++) {
    const found = even(axis, count * more);
    if (found.length > 1) return found;
  }
  return even(axis, count);
}
function powers(axis, times) {
  const found = [];
  for (let e = Math.floor(Math.log10(axis.low)); e <= Math.log10(axis.high) + 1e-9; e++) {
    found.push(...times.map((m) => Number(`${m}e${e}`)));
  }
  return found.filter((v) => v >= axis.low * (1 - 1e-9) && v <= axis.high * (1 + 1e-9));
}
function even(axis, count) {
  const raw = (axis.high - axis.low) / count;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * size).find((s) => s >= raw) || raw;
  const found = [];
  for (let k = Math.ceil(axis.low / step - 1e-9); found.length < 40; k++) {
    const v = Number((k * step).toPrecision(12)); // 0.1 ten times over is 1, not 0.9999999999999999
    if (v > axis.high + step * 1e-9) break;
    found.push(v);
  }
  return found;
}
