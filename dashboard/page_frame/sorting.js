// Tables to read (tables.py) are sorted by a click on a heading: upwards, downwards, then as they came.
// A cell sorts by its data-sort where it has one, else by its text; what says nothing stays at the end.
// Where rows are cards there are no headings: a list of choices above them sorts instead.
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
    const columns = [...table.tHead.rows[0].cells].filter((head) => head.textContent.trim());
    const choice = choiceOf(
      page,
      columns.map((head) => head.textContent),
    );
    // Of two cards both are seen at once.
    if (rows.length > 2) region.prepend(choice.parentElement);
    const show = (wanted) => {
      sortedBy.set(key, wanted);
      sortRows(table, rows, wanted);
      choice.value = wanted ? `${wanted.direction} ${wanted.column}` : "";
    };
    choice.addEventListener("change", () => show(wantedOf(choice.value)));
    for (const head of columns) {
      makeHeading(page, head, () => show(afterClick(sortedBy.get(key), head.textContent)));
    }
    show(sortedBy.get(key));
  }
}

function makeHeading(page, head, onClick) {
  const button = page.createElement("button");
  button.type = "button";
  button.className = "page-frame-sort";
  button.append(...head.childNodes);
  button.addEventListener("click", onClick);
  head.append(button);
}

// Each column upwards and downwards, and first the order in which the rows came.
function choiceOf(page, columns) {
  const label = page.createElement("label");
  label.className = "page-frame-sort-by";
  const choice = page.createElement("select");
  choice.add(new Option("as listed", ""));
  for (const column of columns) {
    for (const direction of DIRECTIONS) {
      choice.add(
        new Option(`${column} ${direction === DIRECTIONS[0] ? "↑" : "↓"}`, `${direction} ${column}`),
      );
    }
  }
  label.append("Sort by", choice);
  return choice;
}

function wantedOf(chosen) {
  const at = chosen.indexOf(" ");
  return at < 0 ? undefined : { direction: chosen.slice(0, at), column: chosen.slice(at + 1) };
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
