"""Names of threshold methods as a person reads them; the words of the command stand behind them in grey."""

from __future__ import annotations

TITLES = {
    "default": "Default",
    "macro_f1": "Best macro F1",
    "f1": "Best F1",
    "balanced_accuracy": "Best balanced accuracy",
    "youden": "Best Youden's J",
    "eer": "Equal error rates",
}
WITH_SHARE = {
    "precision": "Precision at least",
    "recall": "Fakes found at least",
    "fpr": "False alarms at most",
}


def title(words: str) -> str:
    """`precision=0.95` is Precision at least 95 %; what has no name of its own is shown as it was written."""
    name, _, value = words.partition("=")
    if name in WITH_SHARE:
        try:
            return f"{WITH_SHARE[name]} {100 * float(value):.6g} %"
        except ValueError:
            return words
    if name == "fbeta":
        return f"Best F{value}"
    return TITLES.get(words, words)


def method(text: str) -> str:
    """The words of the method that a title stands for; anything else is taken as it was typed."""
    for words, shown in TITLES.items():
        if text == shown:
            return words
    for name, shown in WITH_SHARE.items():
        if text.startswith(f"{shown} ") and text.endswith(" %"):
            return f"{name}={float(text[len(shown) : -1]) / 100:.12g}"
    return text
