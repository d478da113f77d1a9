"""What the words of figures mean, for a reader who has never trained a detector. Reports and what commands print
end with those that they use."""

from __future__ import annotations

import re

MEANINGS = {
    "AUC": "the chance that a fake scores higher than a real one, both picked at random; 0.5 is guessing, 1 perfect",
    "partial AUC": "the same over the thresholds with few false alarms alone; 0.5 is guessing, 1 perfect",
    "average precision": "the precision over all thresholds together; guessing has the share of fakes, 1 is perfect",
    "equal error rate": "the share of errors at the threshold where misses and false alarms are equally frequent",
    "accuracy": "the share of all files that are called rightly",
    "always the larger class": "the accuracy of whoever answers the same for every file: what the larger class is",
    "balanced accuracy": "the mean of two shares, of the reals and of the fakes that are called rightly; 0.5 is guessing",
    "precision": "of what is called fake, the share that is fake",
    "recall": "of the fakes, the share that is found",
    "F1": "one figure for precision and recall together, high only where both are",
    "macro F1": "the mean of the F1 of fakes and the F1 of reals",
    "share of reals kept": "of the real files, the share that is not called fake",
    "false alarm": "a real file that is called fake",
    "false-alarm rate": "of the real files, the share that is called fake",
    "Youden's J": "the share of fakes found less the share of reals called fake; 0 is guessing, 1 perfect",
    "Matthews correlation": "how far calls and truth agree, from −1 to 1; 0 is guessing",
    "log loss": "how surprised the probabilities are by the truth; 0 is perfect, 0.69 guessing",
    "Brier score": "the mean square of what the probabilities are off by; 0 is perfect, 0.25 guessing",
    "calibration": "what turns scores into probabilities: of the files at 80 %, eight in ten are then fake",
    "calibration error": "how far stated probabilities and true shares of fakes lie apart, on average",
    "Platt scaling": "a calibration by a smooth curve with two settings",
    "isotonic regression": "a calibration by steps that only rise",
    "minDCF": "the lowest mean cost that any threshold has; 1 is what always giving the same answer costs",
    "actDCF": "the mean cost at the threshold that the scores themselves claim to be right; 1 is that of one fixed answer",
    "t-DCF": "the mean cost of a detector and the speaker verification that it protects, taken together",
    "Cllr": "how far the scores mislead as evidence, in bits; 0 is perfect, 1 says nothing",
    "likelihood ratio": "how many times more likely such a score is for a fake than for a real file",
    "prevalence": "of the files that come in, the share that is fake",
    "ROC": "the curve of the share of fakes found against the share of reals called fake, over all thresholds",
    "threshold": "the score from which a file is called fake",
    "operating point": "the threshold that is in use, with the reason why it was chosen",
    "validation": "files kept back from training, on which the threshold was chosen",
    "95 %": "where the figure lies in 95 of 100 repetitions with other files of the same kind; written [low, high]",
    "group": "files that belong together, by a person, a source or a clip; they are kept or drawn together",
    "epoch": "one pass over the files for training",
    "batch": "how many files are learned from in one step",
    "loss": "what training makes small: how wrong the answers are",
    "learning rate": "how large the steps of training are",
    "gradient norm": "how strongly one step of training would change the network",
    "seed": "the number that chance begins with; with the same one the result is the same",
    "at chance": "no better than guessing",
    "leak": "what a detector could know of the files for the test before it is tested",
    "SMOTE": "further samples of the rarer class, made between those that there are",
    "CRF": "how strongly a clip was compressed: the higher, the worse its pictures",
    "SNR": "how far the sound lies above its noise, in decibels: the lower, the noisier",
    "Grad-CAM": "a map of what in the picture raises the score, from one layer of the network",
    "AIGC": "the mark that China asks for on what was made with AI",
    "SHA-256": "a fingerprint: the same file has the same one, any other file another",
    "EXIF": "notes that a camera or a program wrote into the file",
    "C2PA": "a signed statement about where the file comes from",
}


def explain(text: str) -> dict[str, str]:
    """The words of MEANINGS that stand in a text, with their meanings; a longer one does not count for a shorter.

    "Balanced accuracy and macro F1"  ->  balanced accuracy, macro F1, and not F1
    """
    found = set(_PATTERN.findall(text))
    return {word: MEANINGS[word] for word in MEANINGS if found & {word, _capital(word)}}


def lines(text: str) -> list[str]:
    """What stands under a text that people read in a terminal; nothing where it uses none of the words."""
    meanings = explain(text)
    return ["", "Words", *(f"  {word}: {meaning}" for word, meaning in meanings.items())] if meanings else []


def _capital(word: str) -> str:
    """As at the start of a sentence."""
    return word[:1].upper() + word[1:]


def _pattern() -> re.Pattern[str]:
    words = sorted({*MEANINGS, *map(_capital, MEANINGS)}, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, words))})(?:e?s)?(?!\w)")


_PATTERN = _pattern()
