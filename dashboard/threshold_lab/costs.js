// The form of costs, prevalence and the uncertain band.
class CostForm {
  constructor(form, changed, released) {
    this.form = form;
    this.fields = form.elements;
    form.onsubmit = (event) => event.preventDefault();
    form.oninput = () => changed();
    form.onchange = () => released();
  }
  set({ fp, fn, prevalence, error, follow }) {
    const shown = (value) =>
      value === null || value === undefined ? "" : String(Number((100 * value).toPrecision(6)));
    this.fields.fp.value = fp;
    this.fields.fn.value = fn;
    this.fields.prevalence.value = shown(prevalence);
    this.fields.error.value = shown(error);
    this.fields.follow.checked = Boolean(follow);
  }
  read(name, top = Infinity) {
    const { value } = this.fields[name];
    const given = value === "" ? null : Number(value);
    return given !== null && Number.isFinite(given) && given >= 0 && given <= top ? given : null;
  }
  get cost() {
    const fp = this.read("fp") ?? 1;
    const fn = this.read("fn") ?? 1;
    const prevalence = this.read("prevalence", 100);
    const none = fp === 0 && fn === 0;
    return {
      fp: none ? 1 : fp,
      fn: none ? 1 : fn,
      prevalence: prevalence === null ? null : prevalence / 100,
    };
  }
  get error() {
    const error = this.read("error", 99);
    return error === null ? null : error / 100;
  }
  get words() {
    const { fp, fn, prevalence } = this.cost;
    return `cost=${fp}:${fn}${prevalence === null ? "" : `@${prevalence}`}`;
  }
  get follows() {
    return this.fields.follow.checked;
  }
  release() {
    this.fields.follow.checked = false;
  }
}
