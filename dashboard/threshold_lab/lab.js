// The lab: one row is chosen; everything drawn and printed follows it here, and Python hears of it on release.
/* global count, number, threshold */
const PANELS = {
  roc: PLANES.roc.label,
  pr: "Precision against recall",
  scores: "Scores: fakes upward, reals downward",
  metric: "A metric against the threshold",
  cost: "Cost against the threshold",
};

class Lab {
  constructor(root) {
    this.root = root;
    this.slow = []; // milliseconds of each step of a drag
    this.keys = new Keys(this);
    this.panels = {};
    for (const [name, label] of Object.entries(PANELS)) this.buildPanel(name, label);
    this.drawings = new Drawings(this.panels);
    this.slider = new Slider(this.part("slider"));
    this.draggable(this.part("slider"), (event) => this.axis.nearest(this.slider.at(event)));
    this.part("slider").onkeydown = (event) => this.keys.press(event);
    this.part("slider").onkeyup = () => this.commit();
    this.form = new CostForm(
      this.part("costs"),
      () => this.costsChanged(),
      () => this.costsReleased(),
    );
    this.readout = new Readout(root);
    this.asked = readAddress(); // by a link, until the first table is here
    this.buildSelects();
    // Costs that were changed here are handed over when the lab is left: nothing above needs Python for them.
    root.onpointerleave = () => this.commit();
    root.addEventListener("focusout", (event) => root.contains(event.relatedTarget) || this.commit());
  }
  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }
  buildPanel(name, label) {
    const figure = this.root.querySelector(`[data-panel="${name}"]`);
    this.panels[name] = new Panel(figure, name, label);
    const button = figure.querySelector(".png");
    button.setAttribute("aria-label", `Save as PNG: ${label}`);
    button.onclick = () => this.save(name);
    this.draggable(this.panels[name].svg, (event) => this.drawings.pick(name, this.panels[name].at(event)));
  }
  buildSelects() {
    const fill = (name, options, chosen, onchange) => {
      const select = this.part(name);
      select.replaceChildren(...Object.entries(options).map(([value, text]) => new Option(text, value)));
      select.value = chosen in options ? chosen : Object.keys(options)[0];
      select.onchange = () => onchange(select.value);
    };
    const planes = Object.fromEntries(Object.entries(PLANES).map(([kind, { title }]) => [kind, title]));
    const { plane, metric } = this.asked;
    if (plane in PLANES) this.drawings.kind = plane;
    if (metric in METRICS) this.drawings.metric = metric;
    fill("plane", planes, this.drawings.kind, (kind) => this.redraw(() => (this.drawings.kind = kind)));
    fill("metric", METRICS, this.drawings.metric, (name) => this.redraw(() => (this.drawings.metric = name)));
    fill("scale", SCALES, "score", (scale) => this.redraw(() => this.axis.use(scale)));
    this.part("zoom-in").onclick = () => this.redraw(() => this.axis.zoom(0.5, this.row));
    this.part("zoom-out").onclick = () => this.redraw(() => this.axis.zoom(2, this.row));
    this.part("zoom-fit").onclick = () => this.redraw(() => this.axis.reset());
  }
  redraw(change) {
    change();
    this.draw();
    this.writeView();
  }
  writeView() {
    writeAddress(addressOfView(this.drawings, this.axis));
  }

  adopt({ table, dark }, desk) {
    this.desk = desk;
    this.root.classList.toggle("dark", dark);
    if (table.version !== this.version) this.adoptTable(table);
    if (desk.line) this.adoptLine(desk.line);
  }
  adoptTable(table) {
    const sameAxis = JSON.stringify(table.axis) === JSON.stringify(this.table?.axis);
    this.table = table;
    this.version = table.version;
    this.model = new Model(table);
    this.bands = new Bands(this.model, table);
    this.adoptAxis(table.axis, sameAxis);
    this.drawings.use(this.model, this.axis, this.bands);
    this.part("which").textContent = this.which();
    this.row = this.t === undefined ? 0 : this.model.index(this.t);
  }
  adoptAxis(wanted, same) {
    // The same axis on another split stays as it was zoomed.
    const before = this.axis;
    const kept = same && before ? { ...before } : null;
    this.axis = new Axis(this.model, wanted);
    if (kept) {
      this.axis.scale = kept.scale;
      this.axis.refresh();
      this.axis.setWindow(kept.low, kept.high);
      this.axis.fitted = kept.fitted;
    }
    if (!before) this.axis.open(this.asked);
    this.part("scale").value = this.axis.scale;
    this.part("scale").querySelector('[value="logit"]').hidden = !wanted.probability;
  }
  which() {
    const { chosen, look } = this.table;
    const size = ({ positives, negatives }) =>
      `${count(positives + negatives)} ${positives + negatives === 1 ? "sample" : "samples"}`;
    const turned = this.table.turned
      ? " · low scores are fake: fake is what scores at most the threshold"
      : "";
    return `Chosen on ${chosen.name} (${size(chosen)}) · looking at ${look.name} (${size(look)})${turned}`;
  }
  adoptSettings(settings) {
    // Python sets the line: a run was opened, an earlier point restored.
    if (settings.stamp === this.stamp) return;
    this.keys.forget();
    this.stamp = settings.stamp;
    this.method = settings.method;
    this.t = settings.threshold;
    this.row = this.model.index(this.t);
    this.axis.follow(this.row);
    this.form.set(settings);
    this.sent = JSON.stringify(this.choice());
  }
  adoptLine({ version, line, settings }) {
    // What Python worked out for the line that was released: exact neighbours, intervals, the band, the samples.
    if (version !== this.version) return; // its table is still on the way
    this.adoptSettings(settings);
    if (this.model.merge(line.rows)) {
      this.row = this.model.index(this.t);
      this.axis.refresh();
    }
    this.model.exactBand = line.band;
    this.bands.learn(line.t, line.intervals);
    this.readout.showAround(line.around, this.t, (score) => this.model.own(score));
    this.readCosts();
    this.draw();
    // Python wrote its address before: what changed here while it worked is not in it.
    this.writeView();
    writeAddress(addressOfCosts(this.choice()));
  }
  readCosts() {
    this.model.cost = this.form.cost;
    this.model.error = this.form.error;
    this.cheapest = this.model.cheapest();
  }
  costsChanged() {
    this.readCosts();
    if (this.form.follows) this.choose(this.cheapest, this.form.words);
    this.drawings.drawCosts();
    this.drawPoints();
    this.update();
  }
  costsReleased() {
    // Python is asked only where the line moved, or for the exact ends of a band among scores that are not all here.
    const choice = this.choice();
    const heard = JSON.parse(this.sent);
    writeAddress(addressOfCosts(choice));
    if (choice.threshold !== heard.threshold) this.commit();
    else if (choice.error !== heard.error && !this.table.complete) this.commit();
  }

  draw() {
    this.drawings.draw();
    this.drawPoints();
    this.update();
  }
  drawPoints() {
    const { model } = this;
    const cheapest = {
      words: this.form.words,
      title: "Lowest cost",
      t: model.t[this.cheapest],
      reachable: true,
      optimum: true,
    };
    this.points = [...this.table.points.filter((p) => !p.words.startsWith("cost=")), cheapest];
    const marks = this.points.map((point) => {
      const row = model.index(point.t);
      return {
        row,
        x: this.axis.x(row),
        title: `${point.title}: ${this.textOf(point.t)}`,
        optimum: point.optimum,
      };
    });
    this.drawings.mark(marks);
    this.slider.mark(marks);
    this.buttons = this.points.map((point) => this.pointButton(point));
    this.part("points").replaceChildren(...this.buttons);
  }
  pointButton(point) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.method = point.words;
    button.title = point.words;
    const reach = point.reachable ? "" : " (out of reach: the best there is)";
    button.textContent = `${point.optimum ? "◆" : "◇"} ${point.title} ${this.textOf(point.t)}${reach}`;
    button.onclick = () => {
      this.jump(this.model.index(point.t), point.words, point.t);
      this.commit();
    };
    return button;
  }
  jump(row, method, t = this.model.t[row]) {
    // The window goes along where the line leaves it.
    this.choose(row, method, t);
    if (this.axis.follow(row)) this.draw();
    else this.update();
  }
  choose(row, method, t = this.model.t[row]) {
    this.row = row;
    this.t = t;
    this.method = method;
    if (!method.startsWith("cost=")) this.form.release();
  }
  update() {
    // The only work of a drag.
    const { model, row } = this;
    const figures = model.figures(row);
    const band = model.band(row);
    this.drawings.move(row, band);
    const x = this.axis.x(row);
    this.slider.move(x, band ? this.axis.x(band.low) : x, band ? this.axis.x(band.high) : x);
    this.readout.showFigures(figures, model, (name) => this.bands.at(row, name, figures[name]));
    this.readout.showMatrix(model.cells(row), band !== null);
    this.part("threshold").textContent = this.textOf(this.t);
    const heard = `threshold ${this.textOf(this.t)}, precision ${number(figures.precision)}, recall ${number(figures.recall)}`;
    this.slider.say(row, model.last, heard);
    this.points.forEach((point, i) => {
      const here = point.words === this.method && model.index(point.t) === row;
      this.buttons[i].setAttribute("aria-pressed", String(here));
    });
  }
  textOf(t) {
    return threshold(this.model.own(t));
  }

  draggable(target, pick) {
    const moved = (event) => this.timed(() => this.dragTo(pick(event)));
    const begun = () => this.part("slider").focus({ preventScroll: true });
    makeDraggable(target, { begun, moved, released: () => this.commit() });
  }
  dragTo(row) {
    this.keys.forget();
    this.choose(this.model.settle(row), "by hand");
    this.update();
  }
  timed(work) {
    const start = performance.now();
    work();
    this.slow.push(performance.now() - start);
    if (this.slow.length > 1000) this.slow.shift();
  }
  choice() {
    const { cost, error, follows: follow } = this.form;
    return { threshold: this.t, method: this.method, ...cost, error, follow, stamp: this.stamp };
  }
  commit() {
    // Released: Python hears it once.
    const choice = this.choice();
    const text = JSON.stringify(choice);
    if (text === this.sent) return;
    this.sent = text;
    this.part("said").textContent = this.spoken();
    this.desk.send(choice);
  }
  spoken() {
    const { precision, recall, fpr, cost } = this.model.figures(this.row);
    const rates = `precision ${number(precision)}, recall ${number(recall)}, false-alarm rate ${number(fpr)}`;
    return `Threshold ${this.textOf(this.t)}: ${rates}, cost ${number(cost)}`;
  }
  save(name) {
    const titles = { roc: PLANES[this.drawings.kind].title, metric: METRICS[this.drawings.metric] };
    const caption = this.root.querySelector(`[data-panel="${name}"] figcaption span`);
    const title = titles[name] || caption.textContent;
    const subtitle = `${this.which()} · threshold ${this.textOf(this.t)}`;
    savePng(this.panels[name].svg, `${name}-${this.table.look.name}`, title, subtitle);
  }
}

const labs = new WeakMap();
export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".lab");
  let lab = labs.get(root);
  if (!lab) {
    lab = new Lab(root);
    labs.set(root, lab);
    root.lab = lab;
  }
  const desks = (window.thresholdDesks ||= {});
  const desk = (desks[data.desk] ||= {});
  desk.lab = lab;
  lab.adopt(data, desk);
}
