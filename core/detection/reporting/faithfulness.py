"""What the test of a heat map found, in sentences that follow from the figures as they are printed.

drop 0.30   random 0.10, at most 0.20   the map marks what the score rests on
drop 0.10   random 0.05, at most 0.12   no better than chance: some random places lower it more
drop 0.00   score 1.00                  cannot be tested: removing parts hardly moves such a score
"""

from __future__ import annotations

from core import numbers
from core.detection.verdict import PRINTED, Faithfulness

RESTS = "The map marks what the score rests on."
RESTS_ON_NOTHING = "The map marks what the score rests on, and the score means nothing here."
CHANCE = "This is no better than chance: do not read anything into the map."


def describe(figures: Faithfulness | None, *, meaningless: bool = False) -> str:
    """To go on after the name of the method and a colon. `meaningless`: the score says nothing of this file."""
    if figures is None:
        return "whether this map marks what the score rests on was not tested."
    score, drop, high = (round(x, PRINTED) for x in (figures.score, figures.drop, figures.random_high))
    if score == 0 or (score == 1 and drop == 0 and high <= 0):
        end = "at the lower end" if score == 0 else "at the upper end"
        why = "cannot lower it" if score == 0 else "hardly moves it"
        return (
            f"the score ({numbers.number(figures.score)}) is {end} of its scale, where removing parts {why}: "
            "the map cannot be tested by removal."
        )
    rests = RESTS_ON_NOTHING if meaningless else RESTS
    marked = f"removing the marked {100 * figures.share:.0f} % {_move(drop, 'the score')}"
    mean = round(figures.random, PRINTED)
    if drop == mean == 0 and high <= 0:
        return f"{marked}; so does removing as much at random places. {CHANCE}"
    return (
        f"{marked}; removing as much at random places {_at_random(mean, high)}. "
        f"{rests if drop > max(0.0, high) else CHANCE}"
    )


def _move(drop: float, what: str) -> str:
    if drop == 0:
        return f"leaves {what} as it is"
    return f"{'lowers' if drop > 0 else 'raises'} {what} by {numbers.short(abs(drop))}"


def _at_random(mean: float, high: float) -> str:
    """The mean of several draws, and the most that one of them lowered the score where that is more."""
    if high <= max(0.0, mean):
        return _move(mean, "it")
    most = numbers.short(high)
    if mean > 0:
        return f"{_move(mean, 'it')} on average and by up to {most}"
    return f"{_move(mean, 'it')} on average but lowers it by up to {most}"
