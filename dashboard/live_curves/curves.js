// Curves over a shared x axis: drag to zoom, double-click to see all, click a name to hide it. New data keeps all that.
/* global number, short */
const LEFT = 64;
const RIGHT = 12;
const BOTTOM = 40;
const GAP = 14;
const NAME = 18; // pixels of a small panel's name over it
const TOP = 6;
const THICK = 2.5; // pixels of a curve that does not say
const known = new WeakMap();
const charts = new Set();
const hiddenRuns = new Set(); // in all charts of the page

class Curves {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.legend = root.querySelector(".lc-legend");
    this.readout = root.querySelector(".lc-readout");
    this.hidden = new Set(); // labels of curves
    for (const one of charts) if (!one.root.isConnected) charts.delete(one);
    if (!charts.size) hiddenRuns.clear();
    charts.add(this);
    this.runs = root.querySelector(".lc-runs");
    for (const button of root.querySelectorAll("[data-save]")) {
      button.addEventListener("click", () => this.save(button.dataset.save));
    }
    this.all = root.querySelector("[data-all]");
    this.all.addEventListener("click", () => this.showAll());
    this.clear();
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", (event) => this.release(event));
    this.canvas.addEventListener("pointerleave", () => {
      this.readout.hidden = true;
      this.hover = null;
      this.draw();
    });
    this.canvas.addEventListener("dblclick", () => this.showAll());
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(root);
  }
  clear() {
    this.xRange = null;
    this.yRanges = {};
    this.drag = null;
  }

  showAll() {
    this.clear();
    this.draw();
  }

  adopt(data) {
    if (this.data && this.data.zoom !== data.zoom) this.clear();
    this.data = data;
    const names = JSON.stringify(data.series.map((s) => [s.run, s.label, s.color, s.dash, s.width]));
    if (names !== this.names) {
      this.names = names;
      this.drawLegend();
    }
    this.draw();
  }
  drawLegend() {
    const runs = new Map(this.data.series.map((s) => [s.run, s]));
    const curves = this.data.series.filter((s) => s.legend);
    // Of one run alone the curves say its name, if there are any beside those of the machine.
    this.runs.replaceChildren(
      ...(runs.size > 1 || !curves.length ? [...runs] : []).map(([run, series]) =>
        this.switchFor({ ...series, dash: false, width: 6 }, run, hiddenRuns),
      ),
    );
    this.legend.replaceChildren(...curves.map((s) => this.switchFor(s, s.label, this.hidden)));
  }
  // A button with a stroke of the curve: pressed while what it names is drawn.
  switchFor(series, name, hidden) {
    const button = document.createElement("button");
    const text = document.createElement("span");
    text.textContent = name;
    button.type = "button";
    button.append(stroke(series), text);
    button.setAttribute("aria-pressed", String(!hidden.has(name)));
    button.onclick = () => {
      if (!hidden.delete(name)) hidden.add(name);
      for (const chart of hidden === hiddenRuns ? charts : [this]) chart.showHidden();
    };
    return button;
  }
  showHidden() {
    const press = (box, hidden) => {
      for (const button of box.children) {
        button.setAttribute("aria-pressed", String(!hidden.has(button.textContent)));
      }
    };
    press(this.runs, hiddenRuns);
    press(this.legend, this.hidden);
    this.draw();
  }
  shown(series) {
    return !this.hidden.has(series.label) && !hiddenRuns.has(series.run);
  }

  // Places: panels from top to bottom, scales from data to pixels and back.
  layout() {
    this.width = this.root.clientWidth;
    this.height = this.data.height;
    const { panels } = this.data;
    const total = panels.reduce((sum, p) => sum + p.weight, 0);
    const names = NAME * panels.filter(isSmall).length;
    const free = this.height - TOP - BOTTOM - names - GAP * (panels.length - 1);
    let y = TOP;
    this.boxes = panels.map((panel) => {
      if (isSmall(panel)) y += NAME;
      const box = { top: y, height: (free * panel.weight) / total };
      y += box.height + GAP;
      return box;
    });
  }
  visible(panel) {
    return this.data.series.filter((s) => s.panel === panel && this.shown(s));
  }
  extent(values, log) {
    let low = Infinity;
    let high = -Infinity;
    for (const list of values) {
      for (const v of list || []) {
        if (v === null || !isFinite(v) || (log && v <= 0)) continue;
        if (v < low) low = v;
        if (v > high) high = v;
      }
    }
    if (low > high) return log ? [0.1, 1] : [0, 1];
    if (low === high) {
      return log
        ? [low / 2, high * 2]
        : [low - Math.max(1e-9, Math.abs(low) * 0.05), high + Math.max(1e-9, Math.abs(high) * 0.05)];
    }
    return [low, high];
  }
  xScale() {
    const log = this.data.log_x;
    const [low, high] =
      this.xRange ||
      this.extent(
        this.data.series.filter((s) => this.shown(s)).map((s) => s.x),
        log,
      );
    return scale(low, high, LEFT, this.width - RIGHT, log);
  }
  yScale(index) {
    const panel = this.data.panels[index];
    const box = this.boxes[index];
    let range = this.yRanges[index];
    if (!range) {
      const values = this.visible(index).flatMap((s) => [s.low || s.raw || s.y, s.high || s.y, s.y]);
      if (panel.top) range = [0, evenTop(this.extent([...values, [0, panel.top]])[1])];
      else {
        const [low, high] = this.extent(values, panel.log);
        const pad = panel.log ? 0 : (high - low) * 0.05;
        range = [low - pad, high + pad];
      }
    }
    return scale(range[0], range[1], box.top + box.height, box.top, panel.log);
  }

  draw() {
    if (!this.data || !this.root.clientWidth) return;
    this.layout();
    this.all.hidden = !this.xRange && !Object.keys(this.yRanges).length;
    const ratio = window.devicePixelRatio || 1;
    const canvas = this.canvas;
    canvas.style.height = `${this.height}px`;
    if (
      canvas.width !== Math.round(this.width * ratio) ||
      canvas.height !== Math.round(this.height * ratio)
    ) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
    }
    const pen = (this.pen = canvas.getContext("2d"));
    const style = getComputedStyle(this.root);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.font = `12px ${style.fontFamily}`;
    this.ink = style.color;
    this.faint = style.getPropertyValue("--st-border-color") || "#8888";
    const x = this.xScale();
    this.data.panels.forEach((panel, index) => this.drawPanel(panel, index, x));
    pen.fillStyle = this.ink;
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    pen.fillText(this.data.x_title, (LEFT + this.width - RIGHT) / 2, this.height - 4);
    if (this.drag && this.drag.now) {
      const { x: a, y: b } = this.drag;
      const c = this.drag.now.x;
      const d = this.drag.now.y;
      pen.globalAlpha = 0.15;
      pen.fillRect(Math.min(a, c), Math.min(b, d), Math.abs(c - a), Math.abs(d - b));
      pen.globalAlpha = 1;
    } else if (this.hover) {
      pen.strokeStyle = this.faint;
      pen.setLineDash([]);
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(this.hover, TOP);
      pen.lineTo(this.hover, this.height - BOTTOM);
      pen.stroke();
    }
    canvas.setAttribute("role", "img");
    canvas.setAttribute(
      "aria-label",
      this.data.panels.map((p) => p.title).join(", ") + " over " + this.data.x_title,
    );
  }
  drawPanel(panel, index, x) {
    const pen = this.pen;
    const box = this.boxes[index];
    const y = this.yScale(index);
    const right = this.width - RIGHT;
    pen.strokeStyle = this.faint;
    pen.lineWidth = 1;
    pen.setLineDash([]);
    pen.fillStyle = this.ink;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    // A small panel has three: zero, its middle and its top.
    const whole = panel.top && !this.yRanges[index];
    for (const tick of whole ? [0, y.high / 2, y.high] : ticks(y, isSmall(panel) ? 2 : 5)) {
      pen.globalAlpha = 0.6;
      line(pen, [
        [LEFT, y.to(tick)],
        [right, y.to(tick)],
      ]);
      pen.globalAlpha = 1;
      pen.fillText(short(tick, 6), LEFT - 6, y.to(tick));
    }
    if (index === this.data.panels.length - 1) {
      pen.textAlign = "center";
      pen.textBaseline = "top";
      for (const tick of ticks(x, Math.max(2, this.width / 140))) {
        pen.fillText(short(tick, 6), x.to(tick), box.top + box.height + 6);
      }
    }
    this.drawName(panel, box);
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, box.top - 3, right - LEFT + 8, box.height + 6);
    pen.clip();
    for (const series of this.visible(index)) this.drawSeries(series, x, y);
    pen.restore();
  }
  // Upright beside the large panel; over a small one, which is lower than its name is long.
  drawName(panel, box) {
    const pen = this.pen;
    pen.save();
    if (isSmall(panel)) {
      pen.textAlign = "left";
      pen.textBaseline = "bottom";
      pen.fillText(panel.title, LEFT, box.top - 5);
    } else {
      pen.translate(10, box.top + box.height / 2);
      pen.rotate(-Math.PI / 2);
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(panel.title, 0, 0);
    }
    pen.restore();
  }
  drawSeries(series, x, y) {
    const pen = this.pen;
    const place = (values) => series.x.map((v, i) => [x.to(v), y.to(values[i])]);
    pen.strokeStyle = pen.fillStyle = series.color;
    pen.setLineDash([]);
    if (series.low) {
      pen.globalAlpha = 0.14;
      pen.beginPath();
      place(series.low)
        .concat(place(series.high).reverse())
        .forEach(([a, b], i) => (i ? pen.lineTo(a, b) : pen.moveTo(a, b)));
      pen.fill();
    }
    if (series.raw) {
      pen.globalAlpha = 0.4;
      pen.lineWidth = 1;
      line(pen, place(series.raw));
    }
    if (series.record) {
      pen.globalAlpha = 0.8;
      pen.lineWidth = 1.5;
      pen.setLineDash([6, 3]);
      line(pen, stepped(place(series.record)));
    }
    pen.globalAlpha = 1;
    pen.lineWidth = series.width || THICK;
    pen.setLineDash(series.dash ? [2, 3] : []);
    const points = place(series.y);
    if (points.length === 1) {
      pen.beginPath();
      pen.arc(points[0][0], points[0][1], 3, 0, 7);
      pen.fill();
    } else line(pen, points);
    pen.setLineDash([]);
    if (series.best) star(pen, x.to(series.best[0]), y.to(series.best[1]), 7);
  }

  // What is drawn, to take away: the picture on the page's ground with its names, or the numbers behind it.
  save(kind) {
    if (!this.data) return;
    const title = this.data.panels[0].title.replace(/[^\w-]+/g, "_");
    if (kind === "csv") {
      return download(new Blob([this.csv()], { type: "text/csv" }), `curves_${title}.csv`);
    }
    const ratio = window.devicePixelRatio || 1;
    const drawn = this.data.series.filter((s) => this.shown(s));
    const curves = drawn.filter((s) => s.legend);
    const names = curves.length ? curves : [...new Map(drawn.map((s) => [s.run, s])).values()];
    const rows = 18 * ratio * names.length;
    const copy = document.createElement("canvas");
    copy.width = this.canvas.width;
    copy.height = this.canvas.height + rows;
    const pen = copy.getContext("2d");
    pen.fillStyle = getComputedStyle(this.root).getPropertyValue("--st-background-color") || "#fff";
    pen.fillRect(0, 0, copy.width, copy.height);
    pen.font = `${12 * ratio}px sans-serif`;
    names.forEach((series, i) => {
      pen.strokeStyle = series.color;
      pen.lineWidth = (series.width || THICK) * ratio;
      pen.setLineDash(series.dash ? [2 * ratio, 3 * ratio] : []);
      line(
        pen,
        [LEFT, LEFT + 26].map((x) => [x * ratio, (18 * i + 9) * ratio]),
      );
      pen.fillStyle = this.ink;
      pen.fillText(series.label, (LEFT + 30) * ratio, (18 * i + 13) * ratio);
    });
    pen.drawImage(this.canvas, 0, rows);
    copy.toBlob((blob) => download(blob, `curves_${title}.png`));
  }
  csv() {
    const lines = [
      ["run", "curve", "panel", "x", "smoothed", "measured", "lowest", "highest", "best so far"],
    ];
    for (const s of this.data.series.filter((one) => this.shown(one))) {
      s.x.forEach((x, i) =>
        lines.push([
          s.run,
          s.label,
          this.data.panels[s.panel].title,
          x,
          s.y[i],
          (s.raw || s.y)[i],
          (s.low || s.raw || s.y)[i],
          (s.high || s.raw || s.y)[i],
          s.record ? s.record[i] : "",
        ]),
      );
    }
    return lines.map((row) => row.map(cell).join(",")).join("\n") + "\n";
  }

  // The pointer: a drag zooms, a hover reads out.
  spot(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = this.spot(event);
    this.readout.hidden = true;
  }
  move(event) {
    const spot = this.spot(event);
    if (this.drag) {
      this.drag.now = spot;
      this.draw();
    } else this.read(spot);
  }
  release(event) {
    const start = this.drag;
    const end = this.spot(event);
    this.drag = null;
    if (start && Math.abs(end.x - start.x) > 6) {
      const x = this.xScale();
      const panel = this.boxes.findIndex((b) => start.y <= b.top + b.height + GAP / 2);
      if (panel >= 0 && Math.abs(end.y - start.y) > 12) {
        const y = this.yScale(panel);
        this.yRanges[panel] = [y.from(Math.max(start.y, end.y)), y.from(Math.min(start.y, end.y))];
      }
      this.xRange = [
        x.from(Math.max(LEFT, Math.min(start.x, end.x))),
        x.from(Math.min(this.width - RIGHT, Math.max(start.x, end.x))),
      ];
    }
    this.draw();
  }
  read(spot) {
    if (!this.data || spot.x < LEFT || spot.x > this.width - RIGHT) {
      this.readout.hidden = true;
      return;
    }
    const place = this.xScale().from(spot.x);
    const at = this.data.x_title === "step" ? Math.round(place) : place;
    this.hover = spot.x;
    this.draw();
    const rows = [`${this.data.x_title} ${short(at, 6)}`];
    for (const series of this.data.series) {
      if (!this.shown(series) || !series.x.length) continue;
      let near = 0;
      series.x.forEach((v, i) => {
        if (Math.abs(v - at) < Math.abs(series.x[near] - at)) near = i;
      });
      rows.push(
        `${series.panel ? this.data.panels[series.panel].title + " · " : ""}${series.label}: ${number(series.y[near])}`,
      );
      if (series.best) {
        rows.push(`${series.label} best: ${number(series.best[1])} at ${short(series.best[0], 6)}`);
      }
    }
    this.readout.replaceChildren(
      ...rows.map((text) => Object.assign(document.createElement("div"), { textContent: text })),
    );
    this.readout.hidden = false;
    const left =
      spot.x + 16 + this.readout.offsetWidth > this.width
        ? spot.x - 16 - this.readout.offsetWidth
        : spot.x + 16;
    this.readout.style.left = `${Math.max(0, left)}px`;
    this.readout.style.top = `${Math.max(0, spot.y - 10)}px`;
  }
}

// The machine's figures, under those of the run or in a chart of their own.
const isSmall = (panel) => panel.top !== undefined;

// A spreadsheet runs text that begins like a formula: it gets an apostrophe, as core/exports.py gives it.
function cell(value) {
  if (typeof value === "number") return String(value);
  const text = /^'*[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
// Level until the next point, then up or down: the best so far does not change between measurements.
function stepped(points) {
  return points.flatMap(([x, y], i) =>
    i
      ? [
          [x, points[i - 1][1]],
          [x, y],
        ]
      : [[x, y]],
  );
}
function stroke(series) {
  const space = "http://www.w3.org/2000/svg";
  const mark = document.createElementNS(space, "svg");
  const drawn = document.createElementNS(space, "line");
  const set = (element, values) => Object.entries(values).forEach(([k, v]) => element.setAttribute(k, v));
  set(mark, { width: 26, height: 8, "aria-hidden": "true" });
  set(drawn, { x1: 0, x2: 26, y1: 4, y2: 4, stroke: series.color, "stroke-width": series.width || THICK });
  if (series.dash) drawn.setAttribute("stroke-dasharray", "2 3");
  mark.append(drawn);
  return mark;
}
function line(pen, points) {
  pen.beginPath();
  points.forEach(([a, b], i) => (i ? pen.lineTo(a, b) : pen.moveTo(a, b)));
  pen.stroke();
}
function star(pen, x, y, size) {
  pen.beginPath();
  for (let i = 0; i < 10; i++) {
    const r = i % 2 ? size * 0.45 : size;
    const a = -Math.PI / 2 + (i * Math.PI) / 5;
    pen[i ? "lineTo" : "moveTo"](x + r * Math.cos(a), y + r * Math.sin(a));
  }
  pen.closePath();
  pen.fill();
}

function adopt(root, data) {
  let curves = known.get(root);
  if (!curves) {
    curves = new Curves(root);
    known.set(root, curves);
    root.curves = curves;
  }
  curves.adopt(data);
}

export default function () {
  const desk = (window.liveCurves ||= { waiting: new Map() });
  desk.adopt = adopt;
  for (const [root, data] of desk.waiting) adopt(root, data);
  desk.waiting.clear();
}
