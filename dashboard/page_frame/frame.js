// Keeps the toolbars of Plotly's charts for the mouse, gives the uploaders, which Streamlit marks as decoration
// although they have a name and take files, the role of what they are, and makes tables to read sortable. Boxes that
// open over the page hang beside the app, whose light or dark they are told. The words of the page are explained.
const UPLOADERS = "[data-testid=stFileUploaderDropzone][role=presentation]";

export default function ({ parentElement, data }) {
  const page = parentElement.ownerDocument;
  const app = page.querySelector("[data-testid=stApp]");
  let waiting = 0;
  const mend = () => {
    waiting = 0;
    for (const button of page.querySelectorAll(".modebar-btn:not([tabindex='-1'])")) button.tabIndex = -1;
    for (const uploader of page.querySelectorAll(UPLOADERS)) uploader.setAttribute("role", "group");
    makeSortable(page);
    explainWords(parentElement, page, data && data.meanings);
    if (app) page.documentElement.style.colorScheme = getComputedStyle(app).colorScheme;
  };
  const later = () => {
    waiting ||= requestAnimationFrame(mend);
  };
  const watcher = new MutationObserver(later);
  watcher.observe(page.body, { childList: true, subtree: true });
  if (app) watcher.observe(app, { attributes: true, attributeFilter: ["class"] });
  later();
  return () => {
    watcher.disconnect();
    cancelAnimationFrame(waiting);
  };
}
