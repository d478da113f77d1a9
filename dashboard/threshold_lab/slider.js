// The line on its track: drawn once, moved by pointer and keys. Places are percentages, so that a window of any width
// changes where things stand and never their shape.
const place = (x) => `${100 * x}%`;

class Slider {
  constructor(box) {
    this.box = box;
    box.querySelector("svg")?.remove();
    this.svg = element("svg", { height: 44, "aria-hidden": "true" }, box);
    this.unsure = element("rect", { class: "unsure", y: 18, height: 20, width: 0 }, this.svg);
    element("line", { class: "axis", x1: 0, x2: "100%", y1: 28, y2: 28, "stroke-width": 4 }, this.svg);
    this.marks = element("g", {}, this.svg);
    this.thumb = element("svg", { overflow: "visible" }, this.svg);
    element("rect", { class: "handle", x: -8, width: 16, height: 28, y: 14, rx: 5 }, this.thumb);
  }
  at(event) {
    const box = this.svg.getBoundingClientRect();
    return (event.clientX - box.left) / box.width;
  }
  mark(points) {
    this.marks.replaceChildren();
    for (const { x, optimum, title } of points) {
      const mark = element("svg", { x: place(x), overflow: "visible" }, this.marks);
      const made = element(
        "path",
        { class: optimum ? "mark optimum" : "mark", d: "M0 13l6 -6l-6 -6l-6 6Z" },
        mark,
      );
      element("title", {}, made, title);
    }
  }
  move(x, low, high) {
    this.unsure.setAttribute("x", place(low));
    this.unsure.setAttribute("width", place(high - low));
    this.thumb.setAttribute("x", place(x));
  }
  say(row, last, text) {
    this.box.setAttribute("aria-valuemin", 0);
    this.box.setAttribute("aria-valuemax", last);
    this.box.setAttribute("aria-valuenow", row);
    this.box.setAttribute("aria-valuetext", text);
  }
}

function makeDraggable(target, { begun, moved, released }) {
  // One step a frame, however often the pointer reports.
  let waiting = null;
  const step = () => {
    const event = waiting;
    waiting = null;
    if (event) moved(event);
  };
  target.onpointerdown = (event) => {
    if (event.button) return;
    target.setPointerCapture(event.pointerId);
    event.preventDefault();
    begun();
    waiting = event;
    step();
  };
  target.onpointermove = (event) => {
    if (!target.hasPointerCapture(event.pointerId)) return;
    if (waiting === null) requestAnimationFrame(step);
    waiting = event;
  };
  target.onpointerup = (event) => {
    if (!target.hasPointerCapture(event.pointerId)) return;
    target.releasePointerCapture(event.pointerId);
    step();
    released();
  };
  target.onpointercancel = target.onpointerup;
}
