// What the lab keeps in the address by itself, without a rerun: a reload and a shared link show the same drawing.
//
//   ?…&plane=det&metric=f1&scale=logit&zoom=-2.5_1.25&fp=1&fn=5&prevalence=0.02&band=0.05
//
// Python leaves these alone where it writes the rest (dashboard/thresholds/address.py).
const LINE_DEFAULTS = { fp: 1, fn: 1, prevalence: null, band: null, follow: false };

function readAddress() {
  return Object.fromEntries(new URLSearchParams(window.location.search));
}

function writeAddress(changes) {
  // Null takes a name out.
  const { pathname, search, hash } = window.location;
  const given = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) given.delete(name);
    else given.set(name, value);
  }
  if (given.toString() === new URLSearchParams(search).toString()) return;
  const query = given.size ? `?${given}` : "";
  window.history.replaceState(window.history.state, "", `${pathname}${query}${hash}`);
}

function addressOfView({ kind, metric }, axis) {
  return {
    plane: kind === "roc" ? null : kind,
    metric: metric === "macro_f1" ? null : metric,
    scale: axis.scale === axis.wanted.scale ? null : axis.scale,
    zoom: axis.fitted ? null : `${axis.low}_${axis.high}`,
  };
}

function addressOfCosts({ fp, fn, prevalence, error, follow }) {
  const given = { fp, fn, prevalence, band: error, follow };
  const changed = ([name, value]) => [
    name,
    value === LINE_DEFAULTS[name] ? null : value === true ? 1 : value,
  ];
  return Object.fromEntries(Object.entries(given).map(changed));
}

function zoomOf(text) {
  // "-2.5_1.25" as [-2.5, 1.25]; null where it makes no sense
  const ends = String(text ?? "").split("_");
  const [low, high] = ends.map(Number);
  return ends.length === 2 && Number.isFinite(low) && Number.isFinite(high) && low < high
    ? [low, high]
    : null;
}
