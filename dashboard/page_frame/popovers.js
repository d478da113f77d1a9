// The keyboard's way through a box that a button has opened: Tab goes from the button into the box, and from its last
// part to what stands behind the button. From a box that closed itself, as when it was saved, it goes back to the button.
const POPOVER = "[data-testid=stPopoverBody]";
const POPOVER_BUTTON = "[data-testid=stPopoverButton]";
const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";
let entered = null; // the box in which the keyboard is, and its button

function goThroughPopovers(event) {
  if (event.key !== "Tab" || event.ctrlKey || event.altKey || event.metaKey) return;
  const page = event.currentTarget;
  const here = page.activeElement;
  if (here.matches(`${POPOVER_BUTTON}[aria-expanded=true]`) && !event.shiftKey) {
    const box = [...page.querySelectorAll(POPOVER)].find((one) => isOf(one, here));
    const first = box && stopsIn(box)[0];
    if (!first) return;
    event.preventDefault();
    first.focus();
    return;
  }
  const box = here.closest(POPOVER);
  if (!box || here !== stopsIn(box).at(event.shiftKey ? 0 : -1)) return;
  const button = buttonOf(box, page, "[aria-expanded=true]");
  if (!button) return;
  button.focus(); // from where the browser itself goes on
  if (event.shiftKey) event.preventDefault();
}

function notePopover(event) {
  const box = event.target.closest(POPOVER);
  entered = box && { box, button: buttonOf(box, event.currentTarget, "[aria-expanded=true]") };
}

function leaveClosedPopover(page) {
  if (!entered || entered.box.isConnected) return;
  const { box, button } = entered;
  entered = null;
  if (page.activeElement !== page.body) return;
  const place = button && button.isConnected ? button : buttonOf(box, page);
  if (place) place.focus({ preventScroll: true });
}

const buttonOf = (box, page, state = "") =>
  [...page.querySelectorAll(`${POPOVER_BUTTON}${state}`)].find((one) => isOf(box, one));

const isOf = (box, button) => button.textContent.includes(box.getAttribute("aria-label"));

// While the keyboard is elsewhere Streamlit takes what is in the box out of the tab order, and notes the order there.
const stopsIn = (box) =>
  [...box.querySelectorAll(STOPS)].filter(
    (one) =>
      Number(one.dataset.tabindex ?? one.tabIndex) >= 0 && !one.disabled && one.getClientRects().length,
  );
