// How a number is written: the twin of core/numbers.py, where it is told (tests/test_numbers.py holds both together).
const NOTHING = "–";
const MINUS = "−"; // as charts write it, no hyphen
const TINY = 1e-9;
const HUGE = 1e15;
const MOST_PLACES = 17;
const UNIT_VALUES = [0, 1, -1]; // whose text is kept for themselves alone
const PERCENT_VALUES = [0, 100, -100];
const exists = (x) => x !== null && x !== undefined && Number.isFinite(x);

export function count(n) {
  return n === null || n === undefined ? NOTHING : write(Math.trunc(n), 0);
}

export function number(x, digits = 3, never = UNIT_VALUES) {
  if (!exists(x)) return NOTHING;
  if (x === 0) return "0";
  if (Math.abs(x) < TINY) return x > 0 ? `under ${write(TINY, 9)}` : `over ${write(-TINY, 9)}`;
  if (Math.abs(x) >= HUGE) return x > 0 ? `over ${write(HUGE, 0)}` : `under ${write(-HUGE, 0)}`;
  let places = placesOf(x, digits);
  while (places < MOST_PLACES && lies(x, places, never)) places++;
  return write(x, places);
}

export function percent(x) {
  return exists(x) ? `${number(100 * x, 3, PERCENT_VALUES)} %` : NOTHING;
}

export function threshold(t) {
  // six significant digits
  if (t === null || t === undefined) return "none";
  return short(t, 6);
}

export function short(x, digits = 3) {
  // 12.3, 4, 1,230
  return withoutZeros(number(x, digits));
}

function withoutZeros(text) {
  // 0.5 for 0.500
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export function interval(x, low, high) {
  // 0.913 [0.88, 0.94]
  const texts = endsOf(x, low, high);
  return texts === null ? number(x) : `${texts[0]} [${texts[1]}, ${texts[2]}]`;
}

export function endsOf(x, low, high, never = UNIT_VALUES) {
  // the three texts of an interval, null where it has no ends
  const three = [x, low, high];
  if (!three.every(exists)) return null;
  if (three.some((v) => v !== 0 && (Math.abs(v) < TINY || Math.abs(v) >= HUGE))) {
    return three.map((v) => number(v));
  }
  const largest = Math.max(...three.map(Math.abs));
  const figure = placesOf(x || largest || 1, 3);
  const first = largest <= 1 ? Math.max(figure - 1, 2) : figure;
  let texts;
  for (let more = 0; more <= MOST_PLACES; more++) {
    const ends = Math.min(first + more, MOST_PLACES);
    const mine = Math.min(more ? Math.max(figure, ends) : figure, MOST_PLACES);
    const places = [mine, placesOfEnd(low, ends, more), placesOfEnd(high, ends, more)];
    texts = three.map((v, k) => write(v, places[k]));
    const honest = !three.some((v, k) => lies(v, places[k], never));
    const [at, lowest, highest] = texts.map((text) => Number(text.replaceAll(",", "").replace(MINUS, "-")));
    if (honest && (low < x ? lowest < at : lowest <= at) && (x < high ? at < highest : at <= highest)) break;
  }
  return texts;
}

function placesOfEnd(end, places, more) {
  // an end far larger than its figure has no more digits than a figure: 0.00000208 [0, 0.0196]
  return end ? Math.min(places, placesOf(end, 3) + more) : places;
}
function placesOf(x, digits) {
  // decimals of so many significant digits; under zero for tens and hundreds
  return digits - 1 - Number(Math.abs(x).toExponential(MOST_PLACES).split("e")[1]);
}
function lies(x, places, never) {
  const rounded = Number(rounding(x, places));
  return never.some((value) => rounded === value && x !== value);
}
function rounding(x, places) {
  // as text, of what the double is, half away from zero
  if (places >= 0) return x.toFixed(places);
  const unit = 10 ** -places;
  const down = Math.trunc(x / unit) * unit;
  const rest = Math.abs(x - down);
  return String(rest * 2 >= unit ? down + Math.sign(x) * unit : down);
}
function write(x, places) {
  if (x === 0) return "0";
  const [whole, part] = rounding(x, places).replace("-", MINUS).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return part === undefined ? grouped : `${grouped}.${part}`;
}
