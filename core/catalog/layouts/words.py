"""The words of folder and file names: which class, which split, and how names are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

REAL, FAKE = 0, 1

SPLIT_WORDS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), "test"),
}
REAL_WORDS = """
    real reals original originals authentic genuine bonafide bona_fide live pristine human natural
    nature untampered non_fake not_fake nonfake true echt vrai vrais réel réels reales verdadero
    verdaderos verdadeiro verdadeiros vero veri reale reali 真 真实 真人 настоящие подлинные
"""
FAKE_WORDS = """
    fake fakes spoof spoofed manipulated forged forgery tampered synthetic synthesized synthesised
    generated ai ai_generated aigenerated deepfake deepfakes altered edited cloned artificial gan false
    gefälscht gefaelscht falsch nep faux falso falsos falsa falsas falsi 假 伪造 虚假 фейк фейки
    поддельные
"""
CLASS_WORDS = {**dict.fromkeys(REAL_WORDS.split(), REAL), **dict.fromkeys(FAKE_WORDS.split(), FAKE)}


@lru_cache(maxsize=65536)
def normal(name: str) -> str:
    """A folder or file name as it is compared."""
    return re.sub(r"[\s_\-]+", "_", unicodedata.normalize("NFC", name).casefold()).strip("_")


_MEDIA_WORDS = (
    r"images?|imgs?|pictures?|photos?|faces?|videos?|clips?|"
    r"audios?|audio_files|voices?|speech|wavs?|samples|data|sequences|class"
)
_SPLIT_PREFIX = r"(?:(?P<split>train|training|test|testing|val|valid|validation|dev|eval)_)?"
_SPLIT_SUFFIX = _SPLIT_PREFIX.replace("<split>", "<after>").replace("(?:(", "(?:_(").replace(")_)?", "))?")
_CLASS = re.compile(
    rf"{_SPLIT_PREFIX}(?:(?:\d+|class_?\d*|cls|all|{_MEDIA_WORDS})_)*(?P<word>[a-z_]+?)(?:_(?:{_MEDIA_WORDS}|\d+))*"
    rf"{_SPLIT_SUFFIX}"
)


@lru_cache(maxsize=65536)
def class_of(name: str) -> int | None:
    """The label that a folder's name states, else None: `Real`, `1_fake`, `bona-fide`, `ai generated images`."""
    text = normal(name)
    if text in CLASS_WORDS:
        return CLASS_WORDS[text]
    match = _CLASS.fullmatch(text)
    return CLASS_WORDS.get(match["word"]) if match else None


def split_of(name: str) -> str | None:
    """The split that a folder's name is."""
    return SPLIT_WORDS.get(normal(name))


def split_in(name: str) -> str | None:
    """The split that a folder's name is, begins or ends with: `train`, `test_fake`, `real_train`."""
    match = _CLASS.fullmatch(normal(name)) if class_of(name) is not None else None
    return split_of(name) or (SPLIT_WORDS.get(match["split"] or match["after"] or "") if match else None)
