// The lab: one row is chosen; everything drawn and printed follows it here, and Python hears of it on release.
const FIGURES = [
  ["precision", "Precision", show],
  ["precision_at", "Precision at the prevalence", show],
  ["recall", "Recall", show],
  ["fpr", "False-positive rate", show],
  ["f1", "F1", show],
  ["accuracy", "Accuracy", show],
  ["balanced_accuracy", "Balanced accuracy", show],
  ["queue", "Sent to people", percent],
  ["error", "Errors among the decided", percent],
  ["cost", "Cost of 1,000 samples", show],
];

class Lab {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.slow = [];
    this.panels = {};
    for (const [name, label] of [
      ["roc", "ROC: true-positive against false-positive rate"],
      ["pr", "Precision against recall"],
      ["scores", "Scores: fakes upward, reals downward"],
      ["metric", "A metric against the threshold"],
      ["cost", "Cost against the threshold"],
    ]) {
      const figure = root.querySelector(`[data-panel="${name}"]`);
      this.panels[name] = new Panel(figure, label);
      const button = figure.querySelector(".png");
      button.setAttribute("aria-label", `Save as PNG: ${label}`);
      button.onclick = () => this.save(name);
      this.draggable(this.panels[name].svg, (event) => this.pick(name, event));
    }
    this.buildSlider();
    this.buildFigures();
    this.buildInputs();
  }
  save(name) {
    // the picture says by itself what it shows, of what, and where the line is
    const title =
      name === "metric"
        ? METRICS[this.part("metric").value]
        : this.root.querySelector(`[data-panel="${name}"] figcaption span`).textContent;
    const told = `${this.part("which").textContent} · threshold ${threshold(this.model.t[this.row])}`;
    savePng(this.panels[name].svg, `${name}-${this.data.look.name}`, title, told);
  }
  buildSlider() {
    const slider = this.part("slider");
    slider.querySelector("svg")?.remove();
    this.track = element(
      "svg",
      { viewBox: "0 0 1000 44", preserveAspectRatio: "none", height: 44, "aria-hidden": "true" },
      slider,
    );
    this.track.style.height = "44px";
    this.trackUnsure = element("rect", { class: "unsure", y: 18, height: 20, width: 0 }, this.track);
    element("path", { class: "axis", d: "M10 28H990", "stroke-width": 4 }, this.track);
    this.trackMarks = element("g", {}, this.track);
    this.thumb = element("rect", { class: "handle", width: 14, height: 28, y: 14, rx: 5 }, this.track);
    this.draggable(slider, (event) => {
      const box = this.track.getBoundingClientRect();
      return this.model.nearest((((event.clientX - box.left) / box.width) * 1000 - 10) / 980);
    });
    slider.onkeydown = (event) => this.key(event);
    slider.onkeyup = () => this.commit();
  }
  buildFigures() {
    this.cells = {};
    const list = this.part("figures");
    list.replaceChildren();
    for (const [name, title] of FIGURES) {
      const box = document.createElement("div");
      const term = document.createElement("dt");
      const value = document.createElement("dd");
      term.textContent = title;
      value.dataset.figure = name;
      const number = document.createElement("span");
      const interval = document.createElement("small");
      value.append(number, " ", interval);
      box.append(term, value);
      list.append(box);
      this.cells[name] = { number, interval, box };
    }
    for (const cell of this.root.querySelectorAll(".confusion [data-figure]")) {
      this.cells[cell.dataset.figure] = { number: cell };
    }
  }
  buildInputs() {
    const metric = this.part("metric");
    metric.replaceChildren(...Object.entries(METRICS).map(([value, text]) => new Option(text, value)));
    metric.value = "macro_f1";
    metric.onchange = () => {
      this.drawMetric();
      this.update();
    };
    this.part("scale").onchange = (event) => {
      this.model.scale = event.target.value;
      this.draw();
    };
    const form = this.part("costs");
    form.onsubmit = (event) => event.preventDefault();
    form.oninput = (event) => {
      this.readCosts();
      if (event.target.name === "follow" || this.following()) this.follow();
      this.drawMoving();
    };
    form.onchange = () => this.commit();
  }
  adopt(data, send) {
    const { fp, fn, prevalence, error, follow } = data.settings;
    this.send = send;
    if (data.version !== this.version) {
      const scale = this.model?.scale || "score";
      this.data = data;
      this.version = data.version;
      this.model = new Model(data);
      this.model.scale = scale;
      this.part("which").textContent =
        `Chosen on ${data.chosen.name} (${count(data.chosen.positives + data.chosen.negatives)}) · looking at ${data.look.name} (${count(this.model.total())})`;
      this.row = this.model.index(this.t === undefined ? data.settings.threshold : this.t);
    }
    if (data.settings.stamp !== this.stamp) {
      // Python sets the line: a run was opened, an earlier point restored
      this.sent = null;
      this.stamp = data.settings.stamp;
      this.method = data.settings.method;
      this.t = data.settings.threshold;
      this.row = this.model.index(this.t);
      const form = this.part("costs").elements;
      const shown = (v) => (v === null || v === undefined ? "" : String(Number((100 * v).toPrecision(6))));
      form.fp.value = fp;
      form.fn.value = fn;
      form.prevalence.value = shown(prevalence);
      form.error.value = shown(error);
      form.follow.checked = !!follow;
    }
    this.root.classList.toggle("dark", data.dark);
    this.readCosts();
    this.draw();
  }
  readCosts() {
    const form = this.part("costs").elements;
    const read = (input, top = Infinity) => {
      const v = input.value === "" ? null : Number(input.value);
      return v !== null && Number.isFinite(v) && v >= 0 && v <= top ? v : null;
    };
    let fp = read(form.fp) ?? 1;
    let fn = read(form.fn) ?? 1;
    if (fp === 0 && fn === 0) fp = fn = 1;
    const share = read(form.prevalence, 100);
    const error = read(form.error, 99);
    this.model.cost = { fp, fn, prevalence: share === null ? null : share / 100 };
    this.model.error = error === null ? null : error / 100;
    this.cheapest = this.model.cheapest();
  }
  following() {
    return this.part("costs").elements.follow.checked;
  }
  costWords() {
    const { fp, fn, prevalence } = this.model.cost;
    return `cost=${fp}:${fn}${prevalence === null ? "" : `@${prevalence}`}`;
  }
  follow() {
    if (this.following()) this.choose(this.cheapest, this.costWords());
  }

  draw() {
    const { model, panels, data } = this;
    const all = [...model.t.keys()];
    const { positives, negatives } = model.look;
    this.fpr = all.map((i) => model.fp[i] / negatives);
    this.tpr = all.map((i) => model.tp[i] / positives);
    this.precision = all.map((i) => ratio(model.tp[i], model.called(i)));
    panels.roc.axes("false-positive rate", "recall", UNIT, UNIT);
    const bands = data.bands;
    const pairs = (x, y) => x.map((v, k) => [v, y[k]]);
    if (bands) {
      panels.roc.area(pairs(bands.fpr_high, bands.recall_low), pairs(bands.fpr_low, bands.recall_high));
    }
    panels.roc.curve(
      [
        [0, 0],
        [1, 1],
      ],
      "chance",
    );
    panels.roc.curve(pairs(this.fpr, this.tpr));
    panels.pr.axes("recall", "precision", UNIT, UNIT);
    if (bands) {
      const known = bands.t.map((_, k) => k).filter((k) => bands.precision_low[k] !== null);
      panels.pr.area(
        known.map((k) => [bands.recall[k], bands.precision_low[k]]),
        known.map((k) => [bands.recall[k], bands.precision_high[k]]),
      );
    }
    panels.pr.curve(pairs(this.tpr, this.precision));
    this.drawScores();
    this.drawMetric();
    this.drawMoving();
  }
  drawScores() {
    const { model } = this;
    const panel = this.panels.scores;
    const { edges, fake, real } = this.data.histogram;
    panel.axes("score (height: root of the share)", "", thresholdTicks(model), []);
    const { positives, negatives } = model.look;
    const top =
      Math.sqrt(Math.max(...fake.map((n) => n / positives), ...real.map((n) => n / negatives))) || 1;
    edges.slice(0, -1).forEach((edge, k) => {
      const x0 = px(model.xOf(edge));
      const width = Math.max(0.4, px(model.xOf(edges[k + 1])) - x0 - 0.4);
      const tall = (n, of) => ((0.48 * Math.sqrt(n / of)) / top) * (py(0) - py(1));
      const up = tall(fake[k], positives);
      const down = tall(real[k], negatives);
      if (up) element("rect", { class: "bar-fake", x: x0, y: py(0.5) - up, width, height: up }, panel.still);
      if (down) element("rect", { class: "bar-real", x: x0, y: py(0.5), width, height: down }, panel.still);
    });
    element("path", { class: "axis", d: `M${px(0)} ${py(0.5)}H${px(1)}` }, panel.still);
    element("text", { x: 4, y: py(0.78) }, panel.still, "fake");
    element("text", { x: 4, y: py(0.22) }, panel.still, "real");
  }
  drawMetric() {
    const { model, data } = this;
    const name = this.part("metric").value;
    const panel = this.panels.metric;
    panel.axes("threshold", "", thresholdTicks(model), UNIT);
    const bands = data.bands;
    const low = bands?.[`${name}_low`];
    const high = bands?.[`${name}_high`];
    if (low) {
      const known = bands.t.map((_, k) => k).filter((k) => low[k] !== null);
      panel.area(
        known.map((k) => [model.xOf(bands.t[k]), low[k]]),
        known.map((k) => [model.xOf(bands.t[k]), high[k]]),
      );
    }
    this.metric = [...model.t.keys()].map((i) => {
      const v = model.figures(i)[name];
      return v === null ? null : Math.max(0, v);
    });
    panel.curve(this.metric.map((v, i) => [model.x(i), v]));
  }
  drawMoving() {
    // what costs, prevalence and the target error move: the cost curve, the marks
    const { model } = this;
    const panel = this.panels.cost;
    const prices = [...model.t.keys()].map((i) =>
      model.price(
        model.fp[i],
        model.look.positives - model.tp[i],
        model.look.negatives,
        model.look.positives,
      ),
    );
    const top = Math.max(...prices) || 1;
    this.prices = prices.map((price) => price / top);
    panel.axes(
      "threshold",
      "",
      thresholdTicks(model),
      [0, 0.5, 1].map((y) => [y, show(y * top)]),
    );
    panel.curve(this.prices.map((y, i) => [model.x(i), y]));
    if (["precision_at", "queue"].includes(this.part("metric").value)) this.drawMetric();
    this.drawPoints();
    this.update();
  }
  drawPoints() {
    const { model } = this;
    this.points = [
      ...this.data.points.filter((p) => !p.words.startsWith("cost=")),
      { words: this.costWords(), t: model.t[this.cheapest], reachable: true, optimum: true },
    ];
    const marks = this.points.map((point) => {
      const i = model.index(point.t);
      const title = `${point.words}: ${threshold(point.t)}`;
      return { i, title, optimum: point.optimum };
    });
    const on = (xs, ys) => marks.map(({ i, title, optimum }) => ({ x: xs[i], y: ys[i], title, optimum }));
    const xs = model.t.map((_, i) => model.x(i));
    this.panels.roc.mark(on(this.fpr, this.tpr));
    this.panels.pr.mark(on(this.tpr, this.precision));
    this.panels.scores.mark(
      on(
        xs,
        xs.map(() => 0.5),
      ),
    );
    this.panels.metric.mark(on(xs, this.metric));
    this.panels.cost.mark(on(xs, this.prices));
    this.trackMarks.replaceChildren();
    for (const { i, title } of marks) {
      const x = 10 + 980 * model.x(i);
      const made = element(
        "path",
        { class: "mark", d: `M${x} 13L${x + 6} 7L${x} 1L${x - 6} 7Z` },
        this.trackMarks,
      );
      element("title", {}, made, title);
    }
    this.buttons = this.points.map((point) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.method = point.words;
      button.textContent = `${point.optimum ? "◆" : "◇"} ${point.words} ${threshold(point.t)}${point.reachable ? "" : " (out of reach: best)"}`;
      button.onclick = () => {
        this.choose(this.model.index(point.t), point.words);
        this.update();
        this.commit();
      };
      return button;
    });
    this.part("points").replaceChildren(...this.buttons);
  }
  update() {
    // the only work of a drag
    const { model, row, panels } = this;
    const figures = model.figures(row);
    const x = model.x(row);
    const band = model.band(row);
    panels.roc.move(this.fpr[row], this.tpr[row]);
    panels.pr.move(this.tpr[row], this.precision[row]);
    panels.scores.move(x, 0.5, true);
    panels.metric.move(x, this.metric[row], true);
    panels.cost.move(x, this.prices[row], true);
    for (const name of ["scores", "metric", "cost"]) {
      panels[name].band(band ? model.x(band.low) : x, band ? model.x(band.high) : x);
    }
    this.trackUnsure.setAttribute("x", 10 + 980 * (band ? model.x(band.low) : x));
    this.trackUnsure.setAttribute("width", band ? 980 * (model.x(band.high) - model.x(band.low)) : 0);
    this.thumb.setAttribute("x", 3 + 980 * x);
    for (const name of ["tp", "fp", "tn", "fn"]) this.cells[name].number.textContent = count(figures[name]);
    for (const [name, , format] of FIGURES) {
      this.cells[name].number.textContent = format(figures[name]);
      this.cells[name].interval.textContent = this.interval(name, row);
    }
    this.cells.error.box.hidden = model.error === null;
    this.part("threshold").textContent = threshold(model.t[row]);
    const slider = this.part("slider");
    slider.setAttribute("aria-valuemin", 0);
    slider.setAttribute("aria-valuemax", model.last);
    slider.setAttribute("aria-valuenow", row);
    slider.setAttribute(
      "aria-valuetext",
      `threshold ${threshold(model.t[row])}, precision ${show(figures.precision)}, recall ${show(figures.recall)}`,
    );
    this.points.forEach(({ words, t }, i) =>
      this.buttons[i].setAttribute("aria-pressed", String(words === this.method && model.index(t) === row)),
    );
  }
  interval(name, row) {
    // between the thresholds at which intervals were drawn, in a straight line
    const bands = this.data.bands;
    const low = bands?.[`${name}_low`];
    const high = bands?.[`${name}_high`];
    const t = this.model.t[row];
    if (!low || t === null) return "";
    let right = bands.t.findIndex((at) => at >= t);
    if (right < 0) right = bands.t.length - 1;
    const left = Math.max(0, right - (bands.t[right] > t ? 1 : 0));
    const gap = bands.t[right] - bands.t[left];
    const share = gap > 0 ? (t - bands.t[left]) / gap : 0;
    if ([low[left], low[right], high[left], high[right]].includes(null)) return "";
    const at = (values) => (values[left] + share * (values[right] - values[left])).toFixed(2);
    return `[${at(low)}, ${at(high)}]`;
  }

  pick(name, event) {
    const at = this.panels[name].at(event);
    if (name === "roc") return nearestOn(this.fpr, this.tpr, at);
    if (name === "pr") return nearestOn(this.tpr, this.precision, at);
    return this.model.nearest(at[0]);
  }
  draggable(target, pick) {
    // one update a frame, however often the pointer reports
    let waiting = null;
    const step = () => {
      const event = waiting;
      waiting = null;
      if (event) {
        this.timed(() => {
          this.choose(pick(event), "by hand");
          this.update();
        });
      }
    };
    target.onpointerdown = (event) => {
      if (event.button) return;
      target.setPointerCapture(event.pointerId);
      event.preventDefault();
      this.part("slider").focus({ preventScroll: true });
      waiting = event;
      step();
    };
    target.onpointermove = (event) => {
      if (!target.hasPointerCapture(event.pointerId)) return;
      if (waiting === null) requestAnimationFrame(step);
      waiting = event;
    };
    target.onpointerup = (event) => {
      if (target.hasPointerCapture(event.pointerId)) {
        target.releasePointerCapture(event.pointerId);
        step();
        this.commit();
      }
    };
    target.onpointercancel = target.onpointerup;
  }
  timed(work) {
    const start = performance.now();
    work();
    this.slow.push(performance.now() - start);
    if (this.slow.length > 1000) this.slow.shift();
  }
  key(event) {
    // arrows: a hundredth of the axis; with shift: to the next threshold of the table
    const { model, row } = this;
    const up = ["ArrowRight", "ArrowUp"].includes(event.key);
    const down = ["ArrowLeft", "ArrowDown"].includes(event.key);
    const far = (by) => {
      let to = model.nearest(Math.min(1, Math.max(0, model.x(row) + by)));
      if (to === row) to = row + Math.sign(by);
      return Math.min(model.last, Math.max(0, to));
    };
    let to = null;
    if (up || down) {
      to = event.shiftKey ? Math.min(model.last, Math.max(0, row + (up ? 1 : -1))) : far(up ? 0.01 : -0.01);
    } else if (event.key === "PageUp") to = far(0.1);
    else if (event.key === "PageDown") to = far(-0.1);
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = model.last;
    if (to === null) return;
    event.preventDefault();
    this.timed(() => {
      this.choose(to, "by hand");
      this.update();
    });
  }
  choose(row, method) {
    this.row = row;
    this.t = this.model.t[row];
    this.method = method;
    if (!method.startsWith("cost=")) this.part("costs").elements.follow.checked = false;
  }
  commit() {
    // released: Python hears it once
    const { fp, fn, prevalence } = this.model.cost;
    const choice = {
      threshold: this.model.t[this.row],
      method: this.method,
      fp,
      fn,
      prevalence,
      error: this.model.error,
      follow: this.following(),
      stamp: this.stamp,
    };
    const text = JSON.stringify(choice);
    if (text === this.sent) return;
    this.sent = text;
    const figures = this.model.figures(this.row);
    this.part("said").textContent =
      `Threshold ${threshold(choice.threshold)}: precision ${show(figures.precision)}, recall ${show(figures.recall)}, false-positive rate ${show(figures.fpr)}, cost ${show(figures.cost)}`;
    this.send(choice);
  }
}

const labs = new WeakMap();
export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".lab");
  let lab = labs.get(root);
  if (!lab) {
    lab = new Lab(root);
    labs.set(root, lab);
    root.lab = lab;
  }
  lab.adopt(data, (choice) => setStateValue("choice", choice));
}
