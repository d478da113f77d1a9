// What stands still while the line moves: the curves, the bars, the shaded intervals.
/* global threshold */
class Drawings {
  constructor(panels) {
    this.panels = panels;
    this.kind = "roc"; // of the first panel
    this.metric = "macro_f1";
  }
  use(model, axis, bands) {
    this.model = model;
    this.axis = axis;
    this.bands = bands;
  }
  rows() {
    return [...this.model.t.keys()];
  }
  draw() {
    const { model } = this;
    const { positives, negatives } = model.look;
    this.fpr = this.rows().map((i) => model.fp[i] / negatives);
    this.tpr = this.rows().map((i) => model.tp[i] / positives);
    this.precision = this.rows().map((i) => ratio(model.tp[i], model.called(i)));
    this.drawErrors();
    this.drawPrecision();
    this.drawAlongTheAxis();
  }
  drawAlongTheAxis() {
    this.xs = this.rows().map((i) => this.axis.x(i));
    this.thresholdTicks = this.axis.ticks();
    this.drawScores();
    this.drawMetric();
    this.drawCost();
  }
  axisName(name) {
    const { offset } = this.thresholdTicks;
    return offset ? `${name} − ${threshold(offset)}` : name;
  }
  drawErrors() {
    const panel = this.panels.roc;
    const plane = PLANES[this.kind].plane(this.model.look);
    this.errorX = this.fpr.map(plane.x);
    this.errorY = this.tpr.map(plane.y);
    panel.axes(...plane.names, ...plane.ticks);
    panel.svg.setAttribute("aria-label", PLANES[this.kind].label);
    const corner = (fpr, recall) => [plane.x(fpr), plane.y(recall)];
    const both = this.bands.grid.map((here) => here.intervals).filter((ends) => ends.fpr && ends.recall);
    const under = both.map(({ fpr, recall }) => corner(fpr[1], recall[0]));
    const over = both.map(({ fpr, recall }) => corner(fpr[0], recall[1]));
    if (both.length) {
      // The lowest threshold's box and the highest one's are whole, so that the curve's ends lie in the band.
      const [lowest, highest] = [both[0], both.at(-1)];
      under.unshift(corner(lowest.fpr[1], lowest.recall[1]));
      under.push(corner(highest.fpr[0], highest.recall[0]));
    }
    panel.area(under, over);
    const chance = Array.from({ length: 121 }, (_, k) => 1 / (1 + Math.exp((60 - k) / 4))); // evenly in log odds
    panel.curve(
      chance.map((p) => corner(p, p)),
      "chance",
    );
    panel.curve(this.errorX.map((x, i) => [x, this.errorY[i]]));
  }
  drawPrecision() {
    const panel = this.panels.pr;
    panel.axes("recall", "precision", UNIT, UNIT);
    const band = this.bands
      .curve("precision")
      .map(([t, low, high]) => [this.tpr[this.model.index(t)], low, high]);
    panel.area(
      band.map(([x, low]) => [x, low]),
      band.map(([x, , high]) => [x, high]),
    );
    panel.curve(this.tpr.map((x, i) => [x, this.precision[i]]));
  }
  drawScores() {
    const { model, axis } = this;
    const panel = this.panels.scores;
    const { positives, negatives } = model.look;
    panel.axes(this.axisName("score"), "", this.thresholdTicks.ticks, []);
    const edges = axis.bars();
    const bars = edges.slice(0, -1).map((row, k) => {
      const next = edges[k + 1];
      const from = Math.max(0, axis.raw(row));
      const width = Math.max(0.004, Math.min(END, axis.raw(next)) - from);
      const tall = (counts, of) => (counts[row] - counts[next]) / of / Math.max(width, 0.01);
      return { from, width, fake: tall(model.tp, positives), real: tall(model.fp, negatives) };
    });
    const top = Math.max(1e-12, ...bars.map((bar) => Math.max(bar.fake, bar.real)));
    for (const bar of bars) this.drawBar(panel, bar, top);
    element("path", { class: "axis", d: `M${px(0)} ${py(0.5)}H${px(1)}` }, panel.still);
    element("text", { x: 4, y: py(0.78) }, panel.still, "✕ fake");
    element("text", { x: 4, y: py(0.22) }, panel.still, "● real");
  }
  drawBar(panel, bar, top) {
    const width = Math.max(0.8, px(bar.width) - px(0) - 0.4);
    const x = px(bar.from);
    const up = 0.48 * Math.sqrt(bar.fake / top) * (py(0) - py(1));
    const down = 0.48 * Math.sqrt(bar.real / top) * (py(0) - py(1));
    if (up) element("rect", { class: "bar-fake", x, y: py(0.5) - up, width, height: up }, panel.plot);
    if (down) element("rect", { class: "bar-real", x, y: py(0.5), width, height: down }, panel.plot);
  }
  drawMetric() {
    const { model, axis, metric: name } = this;
    const panel = this.panels.metric;
    panel.axes(this.axisName("threshold"), "", this.thresholdTicks.ticks, UNIT);
    const band = this.bands.curve(name).map(([t, low, high]) => [axis.at(axis.uOf(t)), low, high]);
    panel.area(
      band.map(([x, low]) => [x, low]),
      band.map(([x, , high]) => [x, high]),
    );
    this.values = this.rows().map((i) => {
      const value = model.figures(i)[name];
      return value === null ? null : Math.max(0, value);
    });
    panel.curve(this.alongAxis(this.values));
  }
  drawCost() {
    const { model } = this;
    const { positives, negatives } = model.look;
    const prices = this.rows().map((i) =>
      model.price(model.fp[i], positives - model.tp[i], negatives, positives),
    );
    const inWindow = (i) => this.axis.raw(i) >= 0 && this.axis.raw(i) <= END;
    const shown = prices.filter((_, i) => i < model.last && inWindow(i));
    const top = Math.max(...shown) || 1;
    this.prices = prices.map((price) => price / top);
    const step = nice(top / 5);
    const count = Math.floor(top / step + 1e-9);
    const ticks = Array.from({ length: count + 1 }, (_, k) => [(k * step) / top, tickText(k * step, step)]);
    this.panels.cost.axes(this.axisName("threshold"), "", this.thresholdTicks.ticks, ticks);
    this.panels.cost.curve(this.alongAxis(this.prices));
  }
  alongAxis(values) {
    // The curve as far as scores go, and the place where nothing is called fake apart from it.
    const { last } = this.model;
    const points = values.slice(0, last).map((y, i) => [this.axis.raw(i), y]);
    const end = values[last];
    return [...points, null, [1, end], [1.001, end]];
  }
  drawCosts() {
    // What costs, prevalence and the allowed error change.
    this.drawCost();
    if (["precision_at", "queue"].includes(this.metric)) this.drawMetric();
  }
  mark(points) {
    const place = (xs, ys) =>
      points.map(({ row, title, optimum }) => ({ x: xs[row], y: ys[row], title, optimum }));
    const { panels } = this;
    panels.roc.mark(place(this.errorX, this.errorY));
    panels.pr.mark(place(this.tpr, this.precision));
    panels.scores.mark(
      place(
        this.xs,
        this.xs.map(() => 0.5),
      ),
    );
    panels.metric.mark(place(this.xs, this.values));
    panels.cost.mark(place(this.xs, this.prices));
  }
  move(row, band) {
    const { panels } = this;
    const x = this.xs[row];
    panels.roc.move(this.errorX[row], this.errorY[row]);
    panels.pr.move(this.tpr[row], this.precision[row]);
    panels.scores.move(x, 0.5, true);
    panels.metric.move(x, this.values[row], true);
    panels.cost.move(x, this.prices[row] > 1 ? 1 : this.prices[row], true);
    const low = band ? this.xs[band.low] : x;
    const high = band ? this.xs[band.high] : x;
    for (const name of ["scores", "metric", "cost"]) panels[name].band(low, high);
  }
  pick(name, at) {
    if (name === "roc") return nearestOn(this.errorX, this.errorY, at);
    if (name === "pr") return nearestOn(this.tpr, this.precision, at);
    return this.axis.nearest(at[0]);
  }
}
