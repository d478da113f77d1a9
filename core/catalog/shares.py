"""The shares of training, validation and test: as they are asked for, and as a plan reached them."""

from __future__ import annotations

from core.errors import BadInput

USUAL_SHARES = "64/16/20"


def parse_shares(text: str) -> tuple[float, float, float]:
    """`64/16/20` is train, validation and test; `80/20` is train and validation, without a test part."""
    try:
        given = [float(part) for part in text.replace(" ", "").split("/")]
    except ValueError:
        given = []
    whole = sum(given)
    train, val, test = (*given, 0.0, 0.0, 0.0)[:3]
    right = len(given) in (2, 3) and (abs(whole - 100) < 1e-6 or abs(whole - 1) < 1e-6)
    if not right or not (train > 0 and val > 0 and test >= 0):
        raise BadInput(
            f"shares: {text!r} must be train/validation/test that add up to 100, e.g. 64/16/20 or 70/15/15; or "
            "train/validation, e.g. 80/20; train and validation above 0"
        )
    return train / whole, val / whole, test / whole


def shares_reached(counts: dict[str, dict[str, int]]) -> dict[str, dict[str, float | None]]:
    """The share of each part, of all samples and of each class; None of a class that there is not."""
    totals = {word: sum(count[word] for count in counts.values()) for word in ("real", "fake")}
    found = {}
    for split, count in counts.items():
        shares = {word: count[word] / n if (n := totals[word]) else None for word in totals}
        every = sum(totals.values())
        found[split] = {"all": sum(count.values()) / every if every else None, **shares}
    return found
