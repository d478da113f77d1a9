// The drawings: curves once, then only the handle, the marks and the band move.
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
  constructor(figure, label) {
    figure.querySelector("svg")?.remove();
    this.svg = element("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": label }, null);
    figure.append(this.svg);
    this.still = element("g", {}, this.svg);
    this.unsure = element("rect", { class: "unsure", y: TOP, height: H - TOP - BOTTOM, width: 0 }, this.svg);
    this.marks = element("g", {}, this.svg);
    this.vertical = element("path", { class: "at" }, this.svg);
    this.handle = element("circle", { class: "handle", r: 6.5 }, this.svg);
  }
  axes(xName, yName, xTicks, yTicks) {
    this.still.replaceChildren();
    for (const [at, text] of yTicks) {
      element("path", { class: "grid", d: `M${px(0)} ${py(at)}H${px(1)}` }, this.still);
      element("text", { x: LEFT - 4, y: py(at) + 4, "text-anchor": "end" }, this.still, text);
    }
    for (const [at, text] of xTicks) {
      const last = at === 1 && text.length > 2; // a word at the right edge would be cut
      element(
        "text",
        { x: last ? W - 1 : px(at), y: H - BOTTOM + 13, "text-anchor": last ? "end" : "middle" },
        this.still,
        text,
      );
    }
    element("path", { class: "axis", d: `M${px(0)} ${py(1)}V${py(0)}H${px(1)}` }, this.still);
    element("text", { x: px(0.5), y: H - 5, "text-anchor": "middle" }, this.still, xName);
    if (yName) {
      element(
        "text",
        { x: 3, y: TOP + 2, transform: `rotate(-90 3 ${TOP + 2})`, "text-anchor": "end", dy: 8 },
        this.still,
        yName,
      );
    }
  }
  curve(points, kind = "curve") {
    element("path", { class: kind, d: path(points) }, this.still);
  }
  area(low, high) {
    if (low.length) {
      element(
        "path",
        { class: "bound", d: `${path(low)}${path([...high].reverse()).replace("M", "L")}Z` },
        this.still,
      );
    }
  }
  mark(points) {
    this.marks.replaceChildren();
    for (const { x, y, optimum, title } of points) {
      if (y === null) continue;
      const cx = px(x);
      const cy = py(y);
      const made = element(
        "path",
        {
          class: optimum ? "mark optimum" : "mark",
          d: `M${cx} ${cy - 6}L${cx + 5} ${cy}L${cx} ${cy + 6}L${cx - 5} ${cy}Z`,
        },
        this.marks,
      );
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
    // the pointer in the panel's own 0..1
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(
      this.svg.getScreenCTM().inverse(),
    );
    return [(x - LEFT) / (W - LEFT - RIGHT), 1 - (y - TOP) / (H - TOP - BOTTOM)];
  }
}

const UNIT = [0, 0.25, 0.5, 0.75, 1].map((v) => [v, String(v)]);
const short = (t) =>
  t !== 0 && (Math.abs(t) < 1e-3 || Math.abs(t) >= 1e6)
    ? t.toExponential(t < 1 && t > -1 ? 0 : 1)
    : String(Number(t.toPrecision(3)));
function thresholdTicks(model) {
  // thresholds may crowd: a tick that has no room beside its neighbour is left out
  const ticks = [[1, "none"]];
  const room = (a, b) => 0.0115 * (a.length + b.length) + 0.03; // of the axis, at 11 pixels
  for (const wanted of [0.84, 0, 0.66, 0.44, 0.22]) {
    const i = model.nearest(wanted);
    const x = model.x(i);
    const text = i < model.last ? short(model.t[i]) : "";
    if (text && ticks.every(([at, other]) => Math.abs(at - x) > room(text, other))) ticks.push([x, text]);
  }
  return ticks;
}
function nearestOn(xs, ys, [x, y]) {
  // the row whose point on a curve lies nearest the pointer
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
const HEAD = 100; // pixels above a saved picture, for the words that say what it shows
async function savePng(svg, name, title, told) {
  // colours and fonts are written into the copy, so that the picture needs no page
  const copy = svg.cloneNode(true);
  const from = [svg, ...svg.querySelectorAll("*")];
  const to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((node, i) => {
    const style = getComputedStyle(node);
    for (const key of [
      "fill",
      "fill-opacity",
      "stroke",
      "stroke-opacity",
      "stroke-width",
      "stroke-dasharray",
      "font-size",
      "font-family",
    ]) {
      to[i].style.setProperty(key, style.getPropertyValue(key));
    }
  });
  copy.setAttribute("width", W * 3);
  copy.setAttribute("height", H * 3);
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = W * 3;
  canvas.height = H * 3 + HEAD;
  const pen = canvas.getContext("2d");
  pen.fillStyle = getComputedStyle(svg).getPropertyValue("--st-background-color") || "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = getComputedStyle(svg).getPropertyValue("--st-text-color") || "#222";
  pen.font = "600 32px sans-serif";
  pen.fillText(title, 16, 42, canvas.width - 32);
  pen.font = "24px sans-serif";
  pen.fillText(told, 16, 80, canvas.width - 32);
  pen.drawImage(picture, 0, HEAD);
  const link = document.createElement("a");
  link.download = `${name}.png`;
  link.href = canvas.toDataURL("image/png");
  link.click();
}
