// Tables to read (tables.py) are sorted by a click on a heading: upwards, downwards, then as they came.
// A cell sorts by its data-sort where it has one, else by its text; what says nothing stays at the end.
const DIRECTIONS = ["ascending", "descending"];
const SAYS_NOTHING = ["", "–"];
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const sortedBy = new Map(); // of each table by its key: { column, direction }, also when its rows come anew

function makeSortable(page) {
  for (const region of page.querySelectorAll(".reading-table:not(.sortable)")) {
    region.classList.add("sortable");
    const table = region.querySelector("table");
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 2) continue;
    const key = keyOf(region);
    [...table.tHead.rows[0].cells].forEach((head) => {
      if (!head.textContent.trim()) return;
      const button = page.createElement("button");
      button.type = "button";
      button.className = "page-frame-sort";
      button.append(...head.childNodes);
      button.addEventListener("click", () => {
        sortedBy.set(key, afterClick(sortedBy.get(key), head.textContent));
        sortRows(table, rows, sortedBy.get(key));
      });
      head.append(button);
    });
    sortRows(table, rows, sortedBy.get(key));
  }
}

function keyOf(region) {
  const place = region.closest("[class*='st-key-']");
  return `${place ? place.className.match(/st-key-\S+/)[0] : ""} ${region.getAttribute("aria-label")}`;
}

function afterClick(before, column) {
  if (before === undefined || before.column !== column) return { column, direction: DIRECTIONS[0] };
  const next = DIRECTIONS.indexOf(before.direction) + 1;
  return next < DIRECTIONS.length ? { column, direction: DIRECTIONS[next] } : undefined;
}

// `rows` are all rows in the order in which they came.
function sortRows(table, rows, wanted) {
  const heads = [...table.tHead.rows[0].cells];
  const place = wanted ? heads.findIndex((head) => head.textContent === wanted.column) : -1;
  heads.forEach((head, column) => {
    if (column === place) head.setAttribute("aria-sort", wanted.direction);
    else head.removeAttribute("aria-sort");
  });
  const order = place < 0 ? rows : [...rows].sort((a, b) => compareCells(a, b, place, wanted.direction));
  table.tBodies[0].append(...order);
}

function compareCells(first, second, column, direction) {
  const [a, b] = [first, second].map((row) => row.cells[column]);
  const empty = [a, b].map((cell) => SAYS_NOTHING.includes(cell.textContent.trim()));
  if (empty[0] || empty[1]) return empty[0] - empty[1];
  const sign = direction === DIRECTIONS[0] ? 1 : -1;
  const figures = [a, b].map((cell) => cell.dataset.sort);
  if (figures.every((figure) => figure !== undefined)) return sign * (figures[0] - figures[1]);
  // In a column of figures a word ("none", "not comparable") stands behind them.
  if (figures.some((figure) => figure !== undefined)) return figures[0] === undefined ? 1 : -1;
  return sign * collator.compare(a.textContent, b.textContent);
}
