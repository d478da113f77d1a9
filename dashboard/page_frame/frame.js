// Keeps the toolbars of Plotly's charts for the mouse, gives the uploaders, which Streamlit marks as decoration
// although they have a name and take files, the role of what they are, and makes tables to read sortable. Boxes that
// open over the page hang beside the app, whose light or dark they are told, and behind all else, where Tab would not
// find them. Rows of lists are chosen as those of grids are. The words of the page are explained.
const UPLOADERS = "[data-testid=stFileUploaderDropzone][role=presentation]";
const SIZES = "[data-testid=stFileUploader] :is(span, small, p, div):not([data-testid=stFileChipName])";
const ANSWERS = [
  ["keydown", goThroughPopovers],
  ["focusin", notePopover],
  ["keydown", chooseRowByEnter],
  ["click", chooseRowByClick],
];

export default function ({ parentElement, data }) {
  const page = parentElement.ownerDocument;
  const app = page.querySelector("[data-testid=stApp]");
  let waiting = 0;
  const mend = () => {
    waiting = 0;
    for (const button of page.querySelectorAll(".modebar-btn:not([tabindex='-1'])")) button.tabIndex = -1;
    for (const uploader of page.querySelectorAll(UPLOADERS)) uploader.setAttribute("role", "group");
    for (const line of page.querySelectorAll(SIZES)) spaceSizes(line);
    makeSortable(page);
    leaveClosedPopover(page);
    explainWords(parentElement, page, data && data.meanings);
    if (app) page.documentElement.style.colorScheme = getComputedStyle(app).colorScheme;
  };
  const later = () => {
    waiting ||= requestAnimationFrame(mend);
  };
  const watcher = new MutationObserver(later);
  watcher.observe(page.body, { childList: true, subtree: true });
  if (app) watcher.observe(app, { attributes: true, attributeFilter: ["class"] });
  for (const [kind, answer] of ANSWERS) page.addEventListener(kind, answer);
  later();
  return () => {
    for (const [kind, answer] of ANSWERS) page.removeEventListener(kind, answer);
    watcher.disconnect();
    cancelAnimationFrame(waiting);
  };
}

// 500MB per file  ->  500 MB per file
function spaceSizes(line) {
  for (const piece of line.childNodes) {
    if (piece.nodeType !== Node.TEXT_NODE || !/\d[KMGT]?B\b/.test(piece.nodeValue)) continue;
    piece.nodeValue = piece.nodeValue.replace(/(\d)([KMGT]?B)\b/g, "$1\u00a0$2").replace("KB", "kB");
  }
}
