"""How a verdict is said: levels of evidence, never proof, and the caveats that always stand beside it."""

from __future__ import annotations

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
NOT_APPLICABLE = "Not applicable: this detector cannot judge this file"
FAILED = "The file could not be judged"

DEMO = "This detector learned from demo data only: its verdicts on real media mean nothing."

STANDING = (
    "A score is evidence, not proof: it can be wrong in both directions and needs a person's judgement.",
    "The absence of detection does not show that a file is genuine or unedited.",
    "Open detectors lose 45–50 % of their AUC on media in the wild; figures measured on a dataset hold for "
    "files like those of that dataset.",
    "Recompression, filters, beautifying and screen recordings can raise or hide the traces a detector looks for.",
)
SEEN = {
    "image": "Only the picture was judged.",
    "frames": "An image detector judged single frames; movement and sound were not judged.",
    "video": "Only the pictures were judged, not the sound.",
    "audio": "Only the sound was judged.",
    "multimodal": "Pictures and sound were judged together.",
}


def evidence(
    verdict: str | None, probability: float | None, score: float | None, *, learned_nothing: bool = False
) -> str:
    """The verdict in words. Without a calibration the raw score takes the place of the probability."""
    if verdict is None:
        return FAILED
    if learned_nothing:
        return NOTHING
    if verdict == "uncertain":
        return INCONCLUSIVE
    level = probability if probability is not None else score if score is not None else 0.0
    if verdict == "real":
        return SOME if level >= 0.5 else LITTLE
    return next(words for start, words in reversed(LEVELS) if level >= start or start == 0.0)


def caveats(
    seen: str, *, calibrated: bool, learned_nothing: bool, threshold: float | None, demo: bool = False
) -> list[str]:
    """What stands beside every verdict, the particular before the general."""
    lines = []
    if learned_nothing:
        lines.append(
            "On its own validation data this detector is not told apart from guessing; do not use its verdicts."
        )
    if threshold is None:
        lines.append("The operating point calls nothing fake: every file is `real` whatever its score.")
    if not calibrated:
        lines.append("The score is not calibrated: 0.9 does not mean nine cases in ten.")
    if demo:
        lines.append(DEMO)
    if seen in SEEN:
        lines.append(SEEN[seen])
    return [*lines, *STANDING]
