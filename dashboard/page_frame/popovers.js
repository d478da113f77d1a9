// The keyboard's way through a box that a button has opened: Tab goes from the button into the box, and from its last
// part to what stands behind the button.
const POPOVER = "[data-testid=stPopoverBody]";
const POPOVER_BUTTON = "[data-testid=stPopoverButton][aria-expanded=true]";
const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";

function goThroughPopovers(event) {
  if (event.key !== "Tab" || event.ctrlKey || event.altKey || event.metaKey) return;
  const page = event.currentTarget;
  const here = page.activeElement;
  if (here.matches(POPOVER_BUTTON) && !event.shiftKey) {
    const box = [...page.querySelectorAll(POPOVER)].find((one) => isOf(one, here));
    const first = box && stopsIn(box)[0];
    if (!first) return;
    event.preventDefault();
    first.focus();
    return;
  }
  const box = here.closest(POPOVER);
  if (!box || here !== stopsIn(box).at(event.shiftKey ? 0 : -1)) return;
  const button = [...page.querySelectorAll(POPOVER_BUTTON)].find((one) => isOf(box, one));
  if (!button) return;
  button.focus(); // from where the browser itself goes on
  if (event.shiftKey) event.preventDefault();
}

const isOf = (box, button) => button.textContent.includes(box.getAttribute("aria-label"));

// While the keyboard is elsewhere Streamlit takes what is in the box out of the tab order, and notes the order there.
const stopsIn = (box) =>
  [...box.querySelectorAll(STOPS)].filter(
    (one) =>
      Number(one.dataset.tabindex ?? one.tabIndex) >= 0 && !one.disabled && one.getClientRects().length,
  );
