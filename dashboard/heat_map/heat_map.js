// Two pictures of one size, the second (with the map) cut off left of a line that the pointer or a slider moves.
// wipe 0: all of the map   wipe 1: the picture alone. The arrow keys step through the maps: those of a clip's frames,
// or of the faces in a picture.
const LATE = 3000; // ms after which the server would have drawn the map that was asked for
const mounted = new WeakMap();
const OWN_KEYS =
  "input, textarea, select, video, audio, [contenteditable], [role=slider], [role=tab], [role=grid]";

class HeatMap {
  constructor(root) {
    this.root = root;
    this.wipe = 0;
    this.opacity = 0.5;
    this.place = 0; // of the map that is looked at, or was asked for
    this.build();
    this.onKey = (event) => this.press(event);
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("timeupdate", showMoment, true); // it does not bubble
    document.addEventListener("seeked", showMoment, true);
  }

  build() {
    this.pictures = element("div", "hm-pictures");
    this.frame = element("img", "hm-frame");
    this.over = element("img", "hm-over");
    this.pictures.append(this.frame, this.over, element("div", "hm-line"));
    this.pictures.addEventListener("pointerdown", (event) => {
      this.pictures.setPointerCapture(event.pointerId);
      this.follow(event);
    });
    this.pictures.addEventListener("pointermove", (event) => event.buttons && this.follow(event));
    const controls = element("div", "hm-controls");
    this.back = this.button("‹ previous", -1);
    this.count = element("span", "hm-count");
    this.next = this.button("next ›", 1);
    this.wiper = this.range("Wipe", 0, (value) => (this.wipe = value));
    this.fader = this.range("Opacity of the map", this.opacity, (value) => (this.opacity = value));
    this.percent = element("span", "hm-percent");
    this.percent.ariaHidden = "true"; // the slider says it itself
    this.fader.label.append(this.percent);
    controls.append(this.wiper.label, this.fader.label);
    this.steps = element("span", "hm-steps");
    this.steps.append(this.back, this.count, this.next);
    controls.append(this.steps);
    this.root.replaceChildren(this.pictures, controls);
    this.paint();
  }
  range(words, value, set) {
    const label = element("label");
    const input = element("input");
    Object.assign(input, { type: "range", min: 0, max: 1, step: 0.01, value });
    input.addEventListener("input", () => {
      set(Number(input.value));
      this.paint();
    });
    label.append(words, input);
    return { label, input };
  }
  button(words, step) {
    const made = element("button");
    made.type = "button";
    made.textContent = words;
    made.addEventListener("click", () => this.step(step));
    return made;
  }

  adopt(data, send) {
    if (data.chosen && this.data?.seconds !== data.seconds) seek(data.seconds);
    this.data = data;
    // Keys are faster than the server: what it draws before it heard of the last one is not gone back to.
    if (data.place === this.place || !this.waits) this.settle();
    this.send = send;
    this.pictures.style.maxWidth = `${data.width}px`;
    if (this.frame.src !== data.frame) this.frame.src = data.frame;
    if (this.over.src !== data.mapped) this.over.src = data.mapped;
    this.frame.alt = data.what;
    this.over.alt = `${data.what}, with the heat map over it`;
    this.steps.hidden = data.of < 2;
    this.number();
  }
  settle() {
    clearTimeout(this.waits);
    this.waits = null;
    this.place = this.data.place;
    this.number();
  }
  number() {
    this.count.textContent = `map ${this.place + 1} of ${this.data.of}`;
    this.back.disabled = this.place === 0;
    this.next.disabled = this.place === this.data.of - 1;
  }
  paint() {
    this.pictures.style.setProperty("--wipe", this.wipe);
    this.over.style.opacity = this.opacity;
    this.percent.textContent = `${Math.round(100 * this.opacity)} %`;
    this.fader.input.ariaValueText = this.percent.textContent;
    this.wiper.input.value = this.wipe;
  }
  follow(event) {
    const box = this.pictures.getBoundingClientRect();
    this.wipe = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.paint();
  }
  press(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const held = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
    if (!step || held || event.defaultPrevented || event.target.closest?.(OWN_KEYS)) return;
    if (this.root.offsetParent === null) return; // in a tab that is not shown
    this.step(step);
  }
  step(by) {
    const place = this.place + by;
    if (place < 0 || place >= this.data.of) return;
    this.place = place;
    this.number();
    clearTimeout(this.waits);
    this.waits = setTimeout(() => this.settle(), LATE);
    this.send(place);
  }
  remove() {
    clearTimeout(this.waits);
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("timeupdate", showMoment, true);
    document.removeEventListener("seeked", showMoment, true);
  }
}

function element(name, kind) {
  return Object.assign(document.createElement(name), { className: kind || "" });
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".heat-map");
  let drawn = mounted.get(root);
  if (!drawn) {
    drawn = new HeatMap(root);
    mounted.set(root, drawn);
  }
  drawn.adopt(data, (place) => setTriggerValue("wanted", place));
  return () => {
    drawn.remove();
    mounted.delete(root);
  };
}
