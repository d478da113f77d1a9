// A row of a list is chosen by a click anywhere in it and by Enter on its tick, as those of the grids are.
const LIST_ROW = "[class*='st-key-run-row-']";
const OF_ITS_OWN = "a, button, input, label, summary"; // what a click in a row has an answer of its own for

function chooseRowByClick(event) {
  const row = event.target.closest(LIST_ROW);
  if (!row || event.target.closest(OF_ITS_OWN) || String(window.getSelection())) return;
  row.querySelector("input[type=checkbox]").click();
}

function chooseRowByEnter(event) {
  if (event.key !== "Enter" || !event.target.matches(`${LIST_ROW} input[type=checkbox]`)) return;
  event.target.click();
}
