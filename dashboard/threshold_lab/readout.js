// What is printed of the line: the figures with their intervals, the confusion matrix, the samples next to it.
/* global count, endsOf, number, percent, PERCENT_VALUES, threshold */
const FIGURES = [
  ["precision", "Precision", number],
  ["precision_at", "Precision in use", number],
  ["recall", "Recall (fakes found)", number],
  ["fpr", "False-alarm rate", number],
  ["f1", "F1", number],
  ["macro_f1", "Macro F1", number],
  ["accuracy", "Accuracy", number],
  ["balanced_accuracy", "Balanced accuracy", number],
  ["queue", "Left to a person", percent],
  ["error", "Errors among the decided", percent],
  ["cost", "Cost of 1,000 samples", number],
];

class Readout {
  constructor(root) {
    this.root = root;
    this.cells = {};
    const boxes = FIGURES.map(([name, title]) => this.buildFigure(name, title));
    this.part("figures").replaceChildren(...boxes);
    this.matrix = [...root.querySelectorAll(".confusion [data-figure]")];
  }
  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }
  buildFigure(name, title) {
    const box = document.createElement("div");
    const term = document.createElement("dt");
    const value = document.createElement("dd");
    const text = document.createElement("span");
    const ends = document.createElement("small");
    term.textContent = title;
    value.dataset.figure = name;
    value.append(text, " ", ends);
    box.append(term, value);
    this.cells[name] = { text, ends, box };
    return box;
  }
  showFigures(figures, model, intervalOf) {
    for (const [name, , format] of FIGURES) {
      const cell = this.cells[name];
      const ends = intervalOf(name);
      const texts = ends && this.textsOf(figures[name], ends, format);
      cell.text.textContent = texts ? texts[0] : format(figures[name]);
      cell.ends.textContent = texts ? `[${texts[1]}, ${texts[2]}]` : "";
    }
    this.cells.error.box.hidden = model.error === null;
    this.cells.queue.box.hidden = model.error === null;
    this.cells.precision_at.box.hidden = model.cost.prevalence === null;
  }
  textsOf(value, [low, high], format) {
    if (format !== percent) return endsOf(value, low, high);
    const texts = endsOf(100 * value, 100 * low, 100 * high, PERCENT_VALUES);
    return texts && [`${texts[0]} %`, texts[1], texts[2]];
  }
  showMatrix(cells, banded) {
    this.root.querySelector(".confusion").classList.toggle("banded", banded);
    for (const cell of this.matrix) cell.textContent = count(cells[cell.dataset.figure]);
    this.part("matrix-note").hidden = !banded;
    this.part("legend-people").hidden = !banded;
  }
  showAround(samples, line, own) {
    const items = samples.map(({ score, label, id }) => {
      const item = document.createElement("li");
      item.textContent = `${label ? "✕ fake" : "● real"} ${threshold(own(score))}${id ? ` · ${id}` : ""}`;
      item.className = line !== null && score >= line ? "over" : "under";
      return item;
    });
    this.part("around").replaceChildren(...items);
    this.part("around-box").hidden = !items.length;
  }
}
