"""What the words of figures mean, for a reader who has never trained a detector. Reports end with those that they use."""

from __future__ import annotations

import re

MEANINGS = {
    "AUC": "the chance that a fake scores higher than a real one, both picked at random; 0.5 is guessing, 1 perfect",
    "average precision": "the precision over all thresholds together; guessing has the share of fakes, 1 is perfect",
    "equal error rate": "the share of errors at the threshold where misses and false alarms are equally frequent",
    "balanced accuracy": "the mean of two shares, of the reals and of the fakes that are called rightly; 0.5 is guessing",
    "precision": "of what is called fake, the share that is fake",
    "recall": "of the fakes, the share that is found",
    "F1": "one figure for precision and recall together, high only where both are",
    "macro F1": "the mean of the F1 of fakes and the F1 of reals",
    "share of reals kept": "of the real files, the share that is not called fake",
    "false alarm": "a real file that is called fake",
    "Matthews correlation": "from -1 to 1 how far calls and truth agree; 0 is guessing",
    "log loss": "how surprised the probabilities are by the truth; 0 is perfect, 0.69 guessing",
    "Brier score": "the mean square of what the probabilities are off by; 0 is perfect, 0.25 guessing",
    "calibration error": "how far stated probabilities and true shares of fakes lie apart, on average",
    "validation": "files kept back from training, on which the threshold was chosen",
    "95 %": "where the figure lies in 95 of 100 repetitions with other files of the same kind; written [low, high]",
    "SHA-256": "a fingerprint: the same file has the same one, any other file another",
    "EXIF": "notes that a camera or a program wrote into the file",
    "C2PA": "a signed statement about where the file comes from",
}


def explain(text: str) -> dict[str, str]:
    """The words of MEANINGS that stand in a text, with their meanings; a longer one does not count for a shorter.

    "balanced accuracy, macro F1"  ->  balanced accuracy, macro F1, and not F1
    """
    words = sorted(MEANINGS, key=len, reverse=True)
    found = set(re.findall("|".join(rf"(?<!\w){re.escape(word)}" for word in words), text))
    return {word: meaning for word, meaning in MEANINGS.items() if word in found}
