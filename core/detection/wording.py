"""How a verdict is said: levels of evidence, never proof, and the caveats that always stand beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core import numbers, words
from core.thresholds.calibration import Calibration

# From the lowest: (probability from which it holds, words). The steps are those that analysts' tools use.
LEVELS = (
    (0.0, "Weak evidence of manipulation"),
    (0.5, "Moderate evidence of manipulation"),
    (0.7, "Strong evidence of manipulation"),
    (0.9, "Very strong evidence of manipulation"),
)
LITTLE = "Little evidence of manipulation"
SOME = "Some signs of manipulation, below the operating point"
INCONCLUSIVE = "Suspicious, not conclusive"
NOTHING = "This detector learned nothing: its answer is no evidence"
LEARNED_NOTHING = "This detector learned nothing: its verdicts are no evidence."
MEANINGLESS = "which means nothing here"
OUTSIDE = "Outside what this detector knows"
# Where it could not be measured whether the detector knows such files, no level of evidence is given.
LEANS = {
    "fake": "The score leans to fake; what that is worth is not known",
    "real": "The score leans to real; what that is worth is not known",
}
NONE_KNOWS = "No detector here knows files of this kind"
NOT_APPLICABLE = "Not applicable"
FAILED = "The file could not be judged"
UNMEASURED = "What its score means on your files is not known"
AT_CHANCE = "At chance on the files it was measured on: its answer is no evidence"
NOT_MEASURED = (
    "not measured here: this detector was imported, and its verdicts count once it is measured on labelled files of "
    "yours, on the Detectors page or with `python -m core evaluate`"
)


def not_demo(imported: bool) -> str:
    if imported:
        return (
            "this detector was measured on demo data only, so it judges only files of the demo, and this file is none "
            "of them; measure it on labelled files of yours, on the Detectors page or with `python -m core evaluate`"
        )
    return "this detector learned from demo data only and judges only files of the demo; this file is none of them"


def demo_only(imported: bool) -> str:
    done = "was measured on" if imported else "learned from"
    return f"This detector {done} demo data only: its verdicts on real media mean nothing."


STANDING = (
    "A score is evidence, not proof: it can be wrong in both directions and needs a person's judgement.",
    "The absence of detection does not show that a file is genuine or unedited.",
    "Open-source detectors lose 45–50 % of their AUC on media in the wild; figures measured on a dataset hold for "
    "files like those of that dataset.",
    "Recompression, filters, beautifying and screen recordings can raise or hide the traces a detector looks for.",
)
FEW = 30  # samples of a class: below, a probability fitted on them is rough
SEEN = {
    "image": "Only the picture was judged.",
    "frames": "An image detector judged single frames; movement and sound were not judged.",
    "video": "Only the pictures were judged, not the sound.",
    "audio": "Only the sound was judged.",
    "multimodal": "Pictures and sound were judged together.",
}


def about_text(text: Mapping[str, Any]) -> tuple[str, ...]:
    """Words that the file brings itself, and whether they counted."""
    if not text or text["source"] == "given with it":
        return ()
    shown = text["words"] if len(text["words"]) <= 200 else f"{text['words'][:200].rsplit(' ', 1)[0]} …"
    read = "which this detector read" if text["used"] else "which this detector does not read"
    return (f"It brings words ({text['source']}), {read}: “{shown}”",)


UNJUDGED = {"not_applicable": "not judged", "error": "not readable"}


def spoken(word: str, headline: str) -> str:
    """The word that a person reads: never surer than the headline beside it, which may take the verdict back.

    fake, The score leans to fake; …  ->  leans to fake        uncertain, At chance on …  ->  no evidence
    """
    if headline in (NOTHING, AT_CHANCE):
        return "no evidence"
    if is_leaning(headline) and word in LEANS:
        return f"leans to {word}"
    return UNJUDGED.get(word, word)


def is_leaning(headline: str) -> bool:
    """Whether the score only leans to a side, for it is not known whether the detector knows such files."""
    return headline in LEANS.values()


def beyond(headline: str, sentence: str) -> str:
    """What a sentence says that the headline above it has not said.

    Outside what this detector knows  +  Outside what this detector knows: it differs …  ->  It differs …
    """
    if not headline or not sentence.casefold().startswith(headline.casefold()):
        return sentence
    rest = sentence[len(headline) :].lstrip(" :.;")
    return rest[:1].upper() + rest[1:]


def beside(word: str, headline: str) -> str:
    """The headline next to the word: what this has said is left out.

    leans to fake  +  The score leans to fake; what that is worth …  ->  What that is worth …
    """
    return beyond(f"The score {word};", headline)


def what_adds(contributions: Iterable[Mapping[str, Any]]) -> str:
    """The heading over what each kind of input adds, with those kinds that there are."""
    return words.what_adds(words.modality(str(one["modality"])) for one in contributions)


def evidence(verdict: str | None, probability: float | None, score: float | None) -> str:
    """The verdict in words. Without a calibration the raw score takes the place of the probability."""
    if verdict is None:
        return FAILED
    if verdict == "uncertain":
        return INCONCLUSIVE
    level = probability if probability is not None else score if score is not None else 0.0
    if verdict == "real":
        return SOME if level >= 0.5 else LITTLE
    return next(words for start, words in reversed(LEVELS) if level >= start or start == 0.0)


def not_applicable(reason: str) -> str:
    """The headline of a file that was not judged: why, in one sentence."""
    return f"{NOT_APPLICABLE}: {reason}"


METHODS = {
    "f1": "by its balance of precision and recall",
    "macro_f1": "so that both classes are told apart equally well",
    "balanced_accuracy": "so that both classes are told apart equally well",
    "youden": "so that both classes are told apart equally well",
    "eer": "where misses and false alarms are equally frequent",
    "by hand": "by hand",
}
TARGETS = {
    "precision": "so that {} of what it calls fake is fake",
    "recall": "so that it finds {} of the fakes",
    "fpr": "so that it calls at most {} of the real files fake",
}


def describe_choice(point: Mapping[str, Any]) -> str:
    """How the threshold was chosen, in words: `chosen by hand by ann`, `chosen on validation files so that
    …`."""
    method = str(point.get("method") or "")
    if not method or method == "default":
        return ""
    name, _, value = method.partition("=")
    how = METHODS.get(name, f"by {method}")
    if name in TARGETS:
        # The words of the method stay as they were given.
        with contextlib.suppress(ValueError):
            how = TARGETS[name].format(numbers.short_percent(float(value)))
    where = {"val": " on validation files", "test": " on test files"}.get(str(point.get("chosen_on")), "")
    who = str(point.get("who") or "")
    return f"chosen{where} {how}" + (f", by {who}" if who not in ("", "local") else "")


def band(scores: tuple[float, float] | None) -> str:
    """The scores that are left to people."""
    if scores is None:
        return "none"
    low, high = scores
    return (
        "empty: no score is left to a person"
        if low == high
        else f"{numbers.threshold(low)} to {numbers.threshold(high)}"
    )


def few_validation(reals: int, fakes: int) -> str:
    return (
        f"The threshold and the uncertain band of this detector were set on only {reals:,} real and {fakes:,} fake "
        "validation files: they are rough."
    )


def other_side(verdict: str, probability: float | None, threshold: float | None) -> list[str]:
    """Why a probability and the verdict beside it point to different sides, where they do."""
    if probability is None or threshold is None:
        return []
    if verdict == "real" and probability >= 0.5:
        return [
            f"The probability is {numbers.number(probability)}, and the verdict is real: the operating point calls fake only "
            f"from a score of {numbers.threshold(threshold)} on."
        ]
    if verdict == "fake" and probability < 0.5:
        return [
            f"The probability is {numbers.number(probability)}, and the verdict is fake: the operating point calls fake "
            f"already from a score of {numbers.threshold(threshold)} on."
        ]
    return []


def about_probability(fitted: Calibration | None, prevalence: float) -> list[str]:
    """What a calibrated probability holds for, and what it rests on where that is known and little."""
    if fitted is None or not fitted.fakes:
        return []
    lines = [f"The probability holds among files of which {numbers.short_percent(prevalence)} are fake."]
    if min(fitted.fakes, fitted.reals) < FEW:
        lines.append(
            f"The probability rests on only {fitted.fakes:,} fake and {fitted.reals:,} real validation samples: "
            "it is rough."
        )
    return lines


def caveats(
    seen: str,
    *,
    calibrated: bool,
    learned_nothing: bool,
    threshold: float | None,
    demo: str = "",
    probability: Sequence[str] = (),
) -> list[str]:
    """What stands beside every verdict, the particular before the general."""
    lines = []
    if learned_nothing:
        lines.append(
            "On the files that it was measured on, this detector does no better than guessing: do not use its verdicts."
        )
    elif threshold is None:
        lines.append("The operating point calls nothing fake: every file is “real”, whatever its score.")
    elif threshold <= 0:
        lines.append("The operating point calls everything fake: every file is “fake”, whatever its score.")
    if not calibrated:
        lines.append("The score is not calibrated: 0.9 does not mean nine cases in ten.")
    lines += probability
    if demo:
        lines.append(demo)
    if seen in SEEN:
        lines.append(SEEN[seen])
    return [*lines, *STANDING]
