// Adds a link past the navigation, keeps the toolbars of Plotly's charts for the mouse, and gives the uploaders, which
// Streamlit marks as decoration although they have a name and take files, the role of what they are.
const SKIP = "page-frame-skip";
const UPLOADERS = "[data-testid=stFileUploaderDropzone][role=presentation]";
const TITLE = "[data-testid=stMain] h1";

export default function ({ parentElement }) {
  const page = parentElement.ownerDocument;
  const link = page.querySelector(`.${SKIP}`) ?? addSkipLink(page);
  let waiting = 0;
  const mend = () => {
    waiting = 0;
    const title = page.querySelector(TITLE);
    if (title?.id) link.href = `#${title.id}`;
    for (const button of page.querySelectorAll(".modebar-btn:not([tabindex='-1'])")) button.tabIndex = -1;
    for (const uploader of page.querySelectorAll(UPLOADERS)) uploader.setAttribute("role", "group");
  };
  const later = () => {
    waiting ||= requestAnimationFrame(mend);
  };
  const watcher = new MutationObserver(later);
  watcher.observe(page.body, { childList: true, subtree: true });
  later();
  return () => {
    watcher.disconnect();
    cancelAnimationFrame(waiting);
  };
}

function addSkipLink(page) {
  const link = page.createElement("a");
  link.className = SKIP;
  link.href = "#";
  link.textContent = "Skip to the content";
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the address keeps what the page wrote into it
    const title = page.querySelector(TITLE);
    if (!title) return;
    title.tabIndex = -1;
    title.focus();
    title.scrollIntoView();
  });
  page.body.prepend(link);
  return link;
}
