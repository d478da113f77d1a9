// What the keys do to the line: one operating point with an arrow, a hundredth of the axis with shift, a tenth with page
// up and down; and back to exactly where they came from.
const STRIDES = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 1, PageDown: -1 };
const LONGEST_TRAIL = 10_000;
const PARTS = { tenth: 0.1, hundredth: 0.01 };

class Keys {
  constructor(lab) {
    this.lab = lab;
    this.forget();
  }
  forget() {
    this.trail = []; // the places that keys left: {size, by, t, method}
  }
  press(event) {
    const { lab } = this;
    if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      this.forget();
      lab.jump(event.key === "Home" ? lab.model.settle(0) : lab.model.last, "by hand");
      return;
    }
    const stride = strideOf(event);
    if (!stride) return;
    event.preventDefault();
    lab.timed(() => this.step(stride));
  }
  step({ size, by }) {
    const { lab } = this;
    const came = this.trail.at(-1);
    if (came && came.size === size && came.by === -by) {
      this.trail.pop();
      lab.jump(lab.model.index(came.t), came.method, came.t);
      return;
    }
    const to = size === "point" ? lab.model.next(lab.row, by) : this.far(PARTS[size], by);
    if (to === lab.row) return;
    this.trail.push({ size, by, t: lab.t, method: lab.method });
    if (this.trail.length > LONGEST_TRAIL) this.trail.shift();
    lab.jump(to, "by hand");
  }
  far(part, by) {
    // A part of the axis away, and at least one operating point.
    const { axis, model, row } = this.lab;
    const next = model.next(row, by);
    const wanted = axis.nearest(axis.x(row) + by * part);
    return by > 0 ? Math.max(next, wanted) : Math.min(next, wanted);
  }
}

function strideOf(event) {
  const by = STRIDES[event.key];
  if (!by) return null;
  if (event.key.startsWith("Page")) return { size: "tenth", by };
  return { size: event.shiftKey ? "hundredth" : "point", by };
}
