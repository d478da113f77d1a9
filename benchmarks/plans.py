"""python -m benchmarks.plans: a leak-free plan of a million samples, of which many hang together.

Identities of a few clips each, as published sets have them; then the same with one component of 20,449 samples, as
swaps between all pairs of 143 people make it.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pandas as pd

from core.catalog import splits

CLIPS = 8  # of an identity
PEOPLE = 143  # who are all swapped with each other
LARGE = PEOPLE**2  # samples of the one large component


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    args = parser.parse_args()
    table = samples(args.samples)
    measured = {"samples": len(table), "seconds": seconds(table)}
    large = min(LARGE, len(table) // 2)
    stars = [[f"star{row // PEOPLE}", f"star{row % PEOPLE}"] for row in range(large)]
    table["groups"] = [*stars, *table["groups"].iloc[large:]]
    measured |= {"component": large, "seconds_with_component": seconds(table)}
    print(json.dumps(measured))


def samples(count: int) -> pd.DataFrame:
    rows = np.arange(count)
    return pd.DataFrame(
        {
            "id": [f"set/{k}" for k in rows],
            "path": [f"{k}.mp4" for k in rows],
            "dataset": "set",
            "modality": "video",
            "label": (rows % 5 != 0).astype(float),
            "method": [None if k % 5 == 0 else f"swap{k % 3}" for k in rows],
            "split": None,
            "groups": [[f"person{k // CLIPS}"] for k in rows],
        }
    )


def seconds(table: pd.DataFrame) -> float:
    began = time.perf_counter()
    plan = splits.plan(table, "group", 42)
    took = time.perf_counter() - began
    if plan.crossing_groups:
        raise SystemExit(f"{plan.crossing_groups} groups stand on two sides")
    return round(took, 2)


if __name__ == "__main__":
    main()
