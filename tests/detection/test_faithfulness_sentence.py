"""The sentence about a heat map's test follows from the figures that it prints."""

from __future__ import annotations

import re

import pytest

from core.detection.reporting.faithfulness import CHANCE, RESTS, describe
from core.detection.verdict import Faithfulness, holds


def sentence(score: float, drop: float, random: float, high: float | None = None) -> str:
    high = random if high is None else high
    return describe(Faithfulness(0.2, score, drop, random, high, holds(drop, high)))


def test_a_map_that_marks_what_the_score_rests_on() -> None:
    assert sentence(0.8, 0.3, 0.1) == (
        "removing the marked 20 % lowers the score by 0.3; removing as much at random places lowers it by 0.1. "
        "The map marks what the score rests on."
    )


@pytest.mark.parametrize(
    ("drop", "random", "high", "printed"),
    [
        (0.1, 0.05, 0.12, "lowers it by 0.05 on average and by up to 0.12"),
        (0.1, -0.02, 0.12, "raises it by 0.02 on average but lowers it by up to 0.12"),
        (0.1, 0.0002, 0.12, "leaves it as it is on average but lowers it by up to 0.12"),
        (0.1, 0.1, 0.1, "lowers it by 0.1"),
        (0.0012, 0.0011, 0.0011, "lowers it by 0.001"),
        (
            0.0002,
            0.0001,
            0.0001,
            "leaves the score as it is; so does removing as much at random places. ",
        ),
        (0.0, -0.3, -0.3, "raises it by 0.3"),
        (-0.2, -0.3, -0.3, "raises it by 0.3"),
    ],
)
def test_no_better_than_chance_shows_the_random_removal_that_did_as_much(
    drop: float, random: float, high: float, printed: str
) -> None:
    text = sentence(0.8, drop, random, high)
    assert printed in text and text.endswith(CHANCE) and "-0" not in text


def test_what_was_rounded_away_is_no_effect() -> None:
    assert "leaves the score as it is" in sentence(0.8, 0.0004, 0.0)
    assert "lowers the score by 0.001" in sentence(0.8, 0.0006, 0.0)


@pytest.mark.parametrize("score", [1.0, 0.9999, 0.0, 0.0004])
def test_a_score_at_the_end_of_the_scale_cannot_be_tested(score: float) -> None:
    text = sentence(score, 0.0, 0.0)
    assert "cannot be tested by removal" in text and RESTS not in text and CHANCE not in text
    assert "lower end" in text if score < 0.5 else "upper end" in text


def test_a_score_at_the_upper_end_that_moves_is_tested() -> None:
    assert sentence(1.0, 0.4, 0.0).endswith(RESTS)
    assert sentence(1.0, 0.0, 0.3).endswith(CHANCE)  # random places lower it, so it can be moved


def test_the_words_agree_with_the_printed_numbers_everywhere() -> None:
    steps = (-0.3, -0.0004, 0.0, 0.0004, 0.0006, 0.0012, 0.0499, 0.05, 0.3)
    for drop in steps:
        for random in steps:
            for more in (0.0, 0.0003, 0.01):
                text = sentence(0.8, drop, random, random + more)
                marked, at_random = text.split("; ")
                least = _lowered(at_random.split(". ")[0])
                assert text.endswith(RESTS) == (_lowered(marked) > max(0.0, least)), text


def _lowered(part: str) -> float:
    """The most that a half of the sentence says the score fell."""
    found = [0.0] if "as it is" in part or part.startswith("so does") else []
    for word, number in re.findall(
        r"(lowers|raises|up to)(?: \w+)*? (?:by )?(?:up to )?(\d[\d.]*\d|\d)", part
    ):
        found.append(-float(number) if word == "raises" else float(number))
    return max(found)


def test_a_map_that_was_not_tested_says_so() -> None:
    assert "was not tested" in describe(None)
