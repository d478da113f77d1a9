// One drawing: its axes and curves are drawn once, then only the handle, the marks and the band move.
const SVG = "http://www.w3.org/2000/svg";
const W = 300;
const H = 220;
const LEFT = 44;
const RIGHT = 10;
const TOP = 8;
const BOTTOM = 32;
const px = (x) => LEFT + x * (W - LEFT - RIGHT);
const py = (y) => H - BOTTOM - y * (H - TOP - BOTTOM);

function element(name, attributes = {}, parent = null, text = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}
function path(points) {
  let d = "";
  let pen = "M";
  for (const point of points) {
    if (point === null || point[1] === null) {
      pen = "M";
      continue;
    }
    d += `${pen}${px(point[0]).toFixed(2)} ${py(point[1]).toFixed(2)}`;
    pen = "L";
  }
  return d;
}

class Panel {
  constructor(figure, name, label) {
    figure.querySelector("svg")?.remove();
    this.svg = element("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label }, null);
    figure.append(this.svg);
    const clip = element("clipPath", { id: `plot-${name}` }, this.svg);
    element("rect", { x: px(0), y: TOP - 1, width: px(1) - px(0), height: H - TOP - BOTTOM + 2 }, clip);
    this.still = element("g", {}, this.svg);
    this.plot = element("g", { "clip-path": `url(#plot-${name})` }, this.svg);
    this.unsure = element("rect", { class: "unsure", y: TOP, height: H - TOP - BOTTOM, width: 0 }, this.svg);
    this.marks = element("g", {}, this.svg);
    this.vertical = element("path", { class: "at" }, this.svg);
    this.handle = element("circle", { class: "handle", r: 6.5 }, this.svg);
  }
  axes(xName, yName, xTicks, yTicks) {
    this.still.replaceChildren();
    this.plot.replaceChildren();
    for (const [at, text] of yTicks) {
      element("path", { class: "grid", d: `M${px(0)} ${py(at)}H${px(1)}` }, this.still);
      element("text", { x: LEFT - 4, y: py(at) + 4, "text-anchor": "end" }, this.still, text);
    }
    for (const [at, text] of spaced(xTicks)) this.xTick(at, text);
    element("path", { class: "axis", d: `M${px(0)} ${py(1)}V${py(0)}H${px(1)}` }, this.still);
    element("text", { x: px(0.5), y: H - 5, "text-anchor": "middle" }, this.still, xName);
    if (!yName) return;
    const turned = { x: 3, y: TOP + 2, transform: `rotate(-90 3 ${TOP + 2})`, "text-anchor": "end", dy: 8 };
    element("text", turned, this.still, yName);
  }
  xTick(at, text) {
    const last = at === 1 && text.length > 2; // a word at the right edge would be cut
    const place = { x: last ? W - 1 : px(at), "text-anchor": last ? "end" : "middle" };
    element("path", { class: "axis", d: `M${px(at)} ${py(0)}v3` }, this.still);
    element("text", { ...place, y: H - BOTTOM + 13 }, this.still, text);
  }
  curve(points, kind = "curve") {
    element("path", { class: kind, d: path(points) }, this.plot);
  }
  area(low, high) {
    if (!low.length) return;
    const back = path([...high].reverse()).replace("M", "L");
    element("path", { class: "bound", d: `${path(low)}${back}Z` }, this.plot);
  }
  mark(points) {
    this.marks.replaceChildren();
    for (const { x, y, optimum, title } of points) {
      if (y === null) continue;
      const d = `M${px(x)} ${py(y) - 6}l5 6l-5 6l-5 -6Z`;
      const made = element("path", { class: optimum ? "mark optimum" : "mark", d }, this.marks);
      element("title", {}, made, title);
    }
  }
  move(x, y, vertical = false) {
    this.handle.setAttribute("visibility", y === null ? "hidden" : "visible");
    if (y !== null) {
      this.handle.setAttribute("cx", px(x));
      this.handle.setAttribute("cy", py(y));
    }
    if (vertical) this.vertical.setAttribute("d", `M${px(x)} ${py(0)}V${py(1)}`);
  }
  band(low, high) {
    this.unsure.setAttribute("x", px(low));
    this.unsure.setAttribute("width", Math.max(0, px(high) - px(low)));
  }
  at(event) {
    // The pointer in the panel's own 0 to 1.
    const point = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = point.matrixTransform(this.svg.getScreenCTM().inverse());
    return [(x - LEFT) / (W - LEFT - RIGHT), 1 - (y - TOP) / (H - TOP - BOTTOM)];
  }
}

function spaced(ticks) {
  // From the right, without those whose texts would lie over each other.
  const kept = [];
  for (const tick of [...ticks].sort((a, b) => b[0] - a[0])) {
    const last = kept.at(-1);
    if (!last || fits(last[0] - tick[0], last[1], tick[1])) kept.push(tick);
  }
  return kept;
}

function nearestOn(xs, ys, [x, y]) {
  // The row whose point on a curve lies nearest the pointer.
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < xs.length; i++) {
    if (ys[i] === null) continue;
    const far = (xs[i] - x) ** 2 + (ys[i] - y) ** 2;
    if (far < least) {
      least = far;
      best = i;
    }
  }
  return best;
}
