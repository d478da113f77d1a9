"""ASVspoof 2021 LA: an evaluation set over telephone channels, labelled through keys/LA/CM/trial_metadata.txt."""

from __future__ import annotations

from core.catalog.layouts.asvspoof2021_df import KEYS, ASVspoof2021DF
from core.catalog.layouts.base import Published, Rule


class ASVspoof2021LA(ASVspoof2021DF):
    slug = "asvspoof2021-la"
    dataset = "ASVspoof 2021 LA"
    prefix = "LA_"
    rules = (Rule("ASVspoof2021_LA_eval", split="test", strong=True),)
    published = Published(18_452, 163_114)
    lists = (KEYS,)
    source = "https://zenodo.org/records/4837263"
    size = "8 GB"
    notes = (
        "Only an evaluation set: a test for a detector trained on ASVspoof 2019 LA.",
        "Its recordings went over telephone channels, which those of 2019 did not.",
    )
