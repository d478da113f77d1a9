// The words of figures that stand on the page, with their meanings (core/glossary.py), to open in the sidebar.
const SETTLED_AFTER = 600; // ms without a change of the page
const explained = new WeakMap(); // of each box what it looks for, and when

function explainWords(root, page, meanings) {
  const box = meanings && root.querySelector(".page-frame-words");
  if (!box) return;
  let state = explained.get(box);
  if (!state) {
    state = { pattern: patternOf(meanings), words: [], timer: 0 };
    explained.set(box, state);
    box.addEventListener("toggle", () => showWords(box, page, state.words, meanings));
  }
  clearTimeout(state.timer);
  state.timer = setTimeout(() => {
    const words = wordsOf(page, state.pattern, meanings);
    if (String(words) === String(state.words)) return;
    state.words = words;
    box.hidden = !words.length;
    showWords(box, page, words, meanings);
  }, SETTLED_AFTER);
}

// A longer word before a shorter one in it, each also at the start of a sentence and in the plural.
function patternOf(meanings) {
  const capital = (word) => word[0].toUpperCase() + word.slice(1);
  const words = Object.keys(meanings).flatMap((word) => [word, capital(word)]);
  words.sort((a, b) => b.length - a.length);
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(?<![\\w-])(${escaped.join("|")})(?:e?s)?(?!\\w)`, "g");
}

function wordsOf(page, pattern, meanings) {
  const found = new Set([...textOf(page).matchAll(pattern)].map((match) => match[1].toLowerCase()));
  return Object.keys(meanings).filter((word) => found.has(word.toLowerCase()));
}

// Each piece of text of the page on a line of its own: cells of a table stand without a space beside each other.
function textOf(page) {
  const main = page.querySelector("[data-testid=stMain]");
  const pieces = main ? page.createTreeWalker(main, NodeFilter.SHOW_TEXT) : null;
  const lines = [];
  while (pieces && pieces.nextNode()) {
    if (pieces.currentNode.parentNode.nodeName !== "STYLE") lines.push(pieces.currentNode.nodeValue);
  }
  return lines.join("\n");
}

// Only while the box is open: nobody shall find words by their meanings.
function showWords(box, page, words, meanings) {
  const line = (name, text) => Object.assign(page.createElement(name), { textContent: text });
  const lines = words.flatMap((word) => [line("dt", word), line("dd", meanings[word])]);
  box.querySelector("dl").replaceChildren(...(box.open ? lines : []));
}
