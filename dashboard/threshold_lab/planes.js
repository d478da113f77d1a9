// Three ways to draw the two errors against each other: the ROC, the ROC with a logarithmic false-positive axis, the
// DET. Each turns a false-positive rate and a recall into a place between 0 and 1 on both axes.
/* global threshold */
const UNIT = [0, 0.25, 0.5, 0.75, 1].map((v) => [v, String(v)]);
const clamp = (value) => Math.min(1, Math.max(0, value));
const share = (p) => `${threshold(100 * p)} %`;
const PLANES = {
  roc: { title: "ROC", label: "ROC: recall against the false-alarm rate", plane: rocPlane },
  log: {
    title: "ROC, rare false alarms",
    label: "ROC with a logarithmic axis of false alarms",
    plane: logPlane,
  },
  det: { title: "DET", label: "DET: missed fakes against false alarms, on probit axes", plane: detPlane },
};

function rocPlane() {
  return {
    x: (fpr) => fpr,
    y: (recall) => recall,
    names: ["false-alarm rate", "recall"],
    ticks: [UNIT, UNIT],
  };
}

function logPlane(look) {
  const decades = Math.max(1, Math.ceil(Math.log10(look.negatives)));
  const ticks = [];
  for (let k = 0; k <= decades; k++) ticks.push([1 - k / decades, share(10 ** -k)]);
  return {
    x: (fpr) => (fpr > 0 ? clamp(1 + Math.log10(fpr) / decades) : 0),
    y: (recall) => recall,
    names: ["false-alarm rate, logarithmic", "recall"],
    ticks: [ticks.length > 5 ? ticks.filter((_, k) => k % 2 === 0) : ticks, UNIT],
  };
}

const DET_TICKS = [1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8];
function detPlane(look) {
  const axis = (of) => {
    const from = Math.max(
      0,
      DET_TICKS.findLastIndex((p) => p <= 0.5 / of),
    );
    const low = probit(DET_TICKS[Math.min(from, 5)]);
    const high = probit(0.9);
    const place = (p) => (p <= 0 ? 0 : p >= 1 ? 1 : clamp((probit(p) - low) / (high - low)));
    return [place, DET_TICKS.slice(Math.min(from, 5)).map((p) => [place(p), share(p)])];
  };
  const [x, xTicks] = axis(look.negatives);
  const [miss, yTicks] = axis(look.positives);
  return {
    x,
    y: (recall) => miss(1 - recall),
    names: ["false-alarm rate, probit", "missed fakes, probit"],
    ticks: [xTicks, yTicks],
  };
}

// The inverse of the normal distribution (Acklam's rational approximation, relative error under 1.2e-9).
const TAIL = [
  [
    -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ],
  [7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
];
const CENTRE = [
  [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
    2.506628277459239,
  ],
  [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
];
const polynomial = (factors, x) => factors.reduce((sum, factor) => sum * x + factor, 0);
function probit(p) {
  if (p > 0.97575) return -probit(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(TAIL[0], q) / polynomial(TAIL[1], q);
  }
  const q = p - 0.5;
  return (polynomial(CENTRE[0], q * q) * q) / polynomial(CENTRE[1], q * q);
}
