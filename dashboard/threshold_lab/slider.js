// The line on its track: drawn once, moved by pointer and keys.
const TRACK = 1000; // wide, in its own units
const along = (x) => 10 + (TRACK - 20) * x;

class Slider {
  constructor(box) {
    this.box = box;
    box.querySelector("svg")?.remove();
    const frame = {
      viewBox: `0 0 ${TRACK} 44`,
      preserveAspectRatio: "none",
      height: 44,
      "aria-hidden": "true",
    };
    this.svg = element("svg", frame, box);
    this.unsure = element("rect", { class: "unsure", y: 18, height: 20, width: 0 }, this.svg);
    element("path", { class: "axis", d: `M10 28H${TRACK - 10}`, "stroke-width": 4 }, this.svg);
    this.marks = element("g", {}, this.svg);
    this.thumb = element("rect", { class: "handle", width: 14, height: 28, y: 14, rx: 5 }, this.svg);
  }
  at(event) {
    const box = this.svg.getBoundingClientRect();
    return (((event.clientX - box.left) / box.width) * TRACK - 10) / (TRACK - 20);
  }
  mark(points) {
    this.marks.replaceChildren();
    for (const { x, title } of points) {
      const made = element("path", { class: "mark", d: `M${along(x)} 13l6 -6l-6 -6l-6 6Z` }, this.marks);
      element("title", {}, made, title);
    }
  }
  move(x, low, high) {
    this.unsure.setAttribute("x", along(low));
    this.unsure.setAttribute("width", (TRACK - 20) * (high - low));
    this.thumb.setAttribute("x", along(x) - 7);
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
