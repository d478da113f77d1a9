"""Plans keep groups whole, honour official lists, and say what they dropped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.access import Person
from core.catalog import components, exclusions, leaks, splits
from core.catalog.shares import parse_shares, shares_reached
from core.errors import BadInput, NotAllowed
from core.workspace import Workspace


@pytest.fixture(autouse=True)
def _own_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPFAKE_WORKSPACE", str(tmp_path))


def table(rows: list[dict[str, object]], dataset: str = "set") -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    frame["id"] = [f"{dataset}/{p}" for p in frame["path"]]
    for name, value in (("dataset", dataset), ("modality", "video"), ("method", None), ("split", None)):
        if name not in frame:
            frame[name] = value
    return frame.astype({"label": "float64"})


def sample(path: str, label: float | None, *groups: str, **more: object) -> dict[str, object]:
    return {"path": path, "label": label, "groups": list(groups), **more}


def brute_force_crossings(plan: pd.DataFrame) -> int:
    """Components over samples that share a key, by a search of its own; dropped samples join nothing."""
    kept = plan[plan["split"] != ""]
    graph = nx.Graph()
    for row in kept.itertuples():
        graph.add_node(("sample", row.id))
        graph.add_edges_from((("sample", row.id), ("key", row.dataset, key)) for key in row.groups)
    side = dict(zip(kept["id"], kept["split"], strict=True))
    return sum(
        len({side[n[1]] for n in part if n[0] == "sample"}) > 1 for part in nx.connected_components(graph)
    )


random_samples = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["a", "b", ""]),
        st.lists(st.integers(0, 25), max_size=3),
        st.sampled_from(["train", "val", "test", None]),
    ),
    min_size=1,
    max_size=60,
)


def has_two_methods(samples: list[tuple]) -> bool:
    return {method for label, method, _, _ in samples if label} >= {"a", "b"}


@settings(max_examples=80, deadline=None)
@given(random_samples, st.integers(0, 3), st.sampled_from(["group", "heldout_method"]))
def test_no_group_ever_crosses(samples: list[tuple], seed: int, protocol: str) -> None:
    frame = table(
        [
            sample(f"{i}.mp4", label, *(f"k{k}" for k in keys), method=method if label else None, split=split)
            for i, (label, method, keys, split) in enumerate(samples)
        ]
    )
    assume(protocol != "heldout_method" or has_two_methods(samples))
    plan = splits.plan(frame, protocol, seed)
    assert brute_force_crossings(plan.table) == 0 == plan.crossing_groups
    assert len(plan.table) == len(frame)
    assert plan.dropped == (plan.table["split"] == "").sum()


@settings(max_examples=30, deadline=None)
@given(random_samples, st.randoms(use_true_random=False), st.sampled_from(splits.PROTOCOLS))
def test_the_order_of_the_rows_does_not_matter(samples: list[tuple], random: object, protocol: str) -> None:
    assume(protocol != "heldout_method" or has_two_methods(samples))
    rows = [
        sample(f"{i}.mp4", label, *(f"k{k}" for k in keys), method=method if label else None, split=split)
        for i, (label, method, keys, split) in enumerate(samples)
    ]
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = splits.plan(table(rows), protocol, 7), splits.plan(table(shuffled), protocol, 7)
    pd.testing.assert_frame_equal(first.table, second.table)
    assert first.notes == second.notes


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), max_size=3), max_size=50))
def test_components_are_those_of_networkx(groups: list[list[int]]) -> None:
    keys = [[str(k) for k in g] for g in groups]
    graph = nx.Graph()
    graph.add_nodes_from(range(len(keys)))
    graph.add_edges_from((i, k) for i, g in enumerate(keys) for k in g)
    expected = {frozenset(n for n in part if isinstance(n, int)) for part in nx.connected_components(graph)}
    found: dict[int, set[int]] = {}
    for i, label in enumerate(components.components(keys)):
        found.setdefault(int(label), set()).add(i)
    assert {frozenset(part) for part in found.values()} == expected - {frozenset()}


def test_a_group_split_has_the_right_sizes_and_strata() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for person in range(400):
        rows.append(sample(f"{person}.mp4", 0, f"id{person}"))
        for k in range(int(rng.integers(1, 5))):
            rows.append(sample(f"{person}_{k}.mp4", 1, f"id{person}", method=("swap", "lips")[k % 2]))
    plan = splits.plan(table(rows), "group")
    total = Counter(plan.table["label"])
    for split, share in zip(splits.SPLITS, splits.FRACTIONS, strict=True):
        part = plan.table[plan.table["split"] == split]
        for label in (0, 1):
            assert (part["label"] == label).sum() == pytest.approx(share * total[label], rel=0.03)
        for method in ("swap", "lips"):
            all_ = (plan.table["method"] == method).sum()
            assert (part["method"] == method).sum() == pytest.approx(share * all_, rel=0.05)
    assert plan.dropped == 0 and plan.notes == []


def test_official_lists_are_honoured_and_validation_is_taken_from_training_by_group() -> None:
    rows = [sample(f"{i}.jpg", i % 2, f"g{i // 4}", split="train") for i in range(400)]
    rows += [sample(f"t{i}.jpg", i % 2, split="test") for i in range(60)]
    plan = splits.plan(table(rows), "official")
    side = dict(zip(plan.table["path"], plan.table["split"], strict=True))
    assert all(side[f"t{i}.jpg"] == "test" for i in range(60))
    assert sum(v == "test" for v in side.values()) == 60
    assert sum(v == "val" for v in side.values()) == pytest.approx(80, abs=4)
    assert brute_force_crossings(plan.table) == 0
    assert any("no validation part" in note for note in plan.notes)


def test_a_test_list_alone_leaves_the_rest_for_training() -> None:
    rows = [sample(f"{i}.mp4", i % 2, split="test" if i < 20 else None) for i in range(120)]
    plan = splits.plan(table(rows), "official")
    assert plan.counts["test"] == {"real": 10, "fake": 10}
    assert plan.counts["train"]["real"] + plan.counts["val"]["real"] == 50
    assert plan.dropped == 0


def test_without_official_lists_the_plan_is_by_group_and_says_so() -> None:
    rows = [sample(f"{i}.mp4", i % 2, f"g{i // 3}") for i in range(90)]
    official, group = splits.plan(table(rows), "official"), splits.plan(table(rows), "group")
    assert list(official.table["split"]) == list(group.table["split"])
    assert any("no split of its own, so it is divided by person" in note for note in official.notes)


@pytest.mark.parametrize("people", [8, 28])
def test_where_all_hang_together_identities_are_divided_and_joining_samples_dropped(people: int) -> None:
    rows = [sample(f"{i}.wav", 0, f"id{i}") for i in range(people)]
    rows += [
        sample(f"{i}-to-{j}.wav", 1, f"id{i}", f"id{j}")
        for i in range(people)
        for j in range(people)
        if i != j and (i * j) % 3 != 1
    ]
    plan = splits.plan(table(rows), "group")
    assert brute_force_crossings(plan.table) == 0
    assert 0 < plan.dropped < 0.75 * len(rows)
    assert all(n > 0 for count in plan.counts.values() for n in count.values())
    assert any(
        "that they share; these are divided" in note and str(plan.dropped) in note for note in plan.notes
    )


def test_a_held_out_method_is_only_in_test_and_its_reals_are_of_other_groups() -> None:
    rows = []
    for i in range(100):
        rows.append(sample(f"{i}.mp4", 0, f"id{i}"))
        rows += [sample(f"{m}/{i}.mp4", 1, f"id{i}", method=m) for m in ("A", "B", "C")]
    plan = splits.plan(table(rows), "heldout_method", heldout="B")
    fakes = plan.table[(plan.table["label"] == 1) & (plan.table["split"] != "")]
    assert set(fakes["split"][fakes["method"] == "B"]) == {"test"}
    assert set(fakes["method"][fakes["split"] == "test"]) == {"B"}
    assert plan.counts["test"]["real"] == pytest.approx(20, abs=2)
    assert brute_force_crossings(plan.table) == 0
    with pytest.raises(BadInput, match="no sample was made by 'D'; the methods here are A, B, C"):
        splits.plan(table(rows), "heldout_method", heldout="D")


def test_random_is_marked_as_leaky_and_crosses() -> None:
    rows = [sample(f"{i}.mp4", i % 2, f"id{i // 10}") for i in range(200)]
    plan = splits.plan(table(rows), "random")
    assert plan.leaky and plan.crossing_groups == brute_force_crossings(plan.table) > 10


def test_samples_without_a_label_are_in_no_part_and_counted() -> None:
    rows = [sample(f"{i}.mp4", i % 2) for i in range(40)] + [sample("x.mp4", None), sample("y.mp4", None)]
    plan = splits.plan(table(rows), "group")
    assert len(plan.table) == 40 and plan.dropped == 0
    assert "set: 2 samples without a label are in no part" in plan.notes


def test_excluded_and_relabelled_samples_are_honoured_and_named(tmp_path: Path) -> None:
    space, frame = Workspace(tmp_path), table([sample(f"{i}.mp4", i % 2) for i in range(40)])
    exclusions.add(["set/3.mp4"], "exclude", "wrong file", space=space)
    exclusions.add(["set/4.mp4"], "fake", "seen by eye", space=space)
    plan = splits.plan(frame, "group", space=space)
    assert "set/3.mp4" not in set(plan.table["id"])
    assert plan.table.set_index("id").loc["set/4.mp4", "label"] == 1
    assert any("excluded by hand: set/3.mp4" in n for n in plan.notes)
    exclusions.remove(["set/3.mp4", "set/4.mp4"], space=space)
    assert splits.plan(frame, "group", space=space).notes == []
    with pytest.raises(NotAllowed):
        exclusions.add(["set/3.mp4"], "exclude", "", Person("guest", operator=False), space=space)


def test_each_dataset_is_divided_on_its_own() -> None:
    one = table([sample(f"{i}.mp4", i % 2, f"g{i // 2}") for i in range(100)], "one")
    two = table([sample(f"{i}.mp4", i % 3 > 0, f"g{i // 2}") for i in range(150)], "two")
    both = splits.plan(pd.concat([one, two], ignore_index=True), "group")
    alone = splits.plan(two, "group")
    mine = both.table[both.table["dataset"] == "two"]
    assert list(mine["split"]) == list(alone.table["split"])


def test_every_part_gets_both_classes_where_the_components_allow() -> None:
    """Three components of like size: one each is closer to a useful plan than two in train and none in val."""
    rows = [sample(f"{c}{i}r.mp4", 0, c) for c in "abc" for i in range(5)]
    rows += [sample(f"{c}{i}f.mp4", 1, c, method="swap") for c in "abc" for i in range(10)]
    rows += [sample(f"y{i}.mp4", 0) for i in range(10)]
    plan = splits.plan(table(rows), "group")
    assert all(counts["real"] and counts["fake"] for counts in plan.counts.values())
    assert plan.crossing_groups == 0 and plan.dropped == 0


def test_heldout_method_needs_two_methods_in_one_dataset() -> None:
    rows = [sample(f"{i}.mp4", i % 2, str(i), method="swap" if i % 2 else None) for i in range(20)]
    with pytest.raises(BadInput, match="at least two methods"):
        splits.plan(table(rows), "heldout_method")


@pytest.mark.parametrize(
    ("shares", "wanted"),
    [
        ("64/16/20", (64, 16, 20)),
        ("70/15/15", (70, 15, 15)),
        ("80/20", (80, 20, 0)),
        ("0.5/0.25/0.25", (50, 25, 25)),
    ],
)
@pytest.mark.parametrize("protocol", ["group", "random", "official"])
def test_shares_are_reached_by_group_and_in_every_class(
    protocol: str, shares: str, wanted: tuple[int, ...]
) -> None:
    """400 people with a real and three fakes each; a person never crosses."""
    rows = [
        {
            "id": f"d/{i}-{k}",
            "path": f"{i}-{k}",
            "dataset": "d",
            "modality": "image",
            "label": float(k > 0),
            "method": "swap" if k else None,
            "split": None,
            "groups": [f"person-{i}"],
        }
        for i in range(400)
        for k in range(4)
    ]
    found = splits.plan(pd.DataFrame(rows), protocol, shares=shares)
    assert found.crossing_groups == 0 or protocol == "random"
    for split, percent in zip(splits.SPLITS, wanted, strict=True):
        for share in shares_reached(found.counts)[split].values():
            assert share == pytest.approx(percent / 100, abs=0.01)
    assert wanted[2] or not any("test has no" in note for note in found.notes)


@pytest.mark.parametrize(
    "shares", ["", "60/20", "60/20/30", "100", "0/50/50", "80/0/20", "a/b/c", "90/5/10/-5"]
)
def test_shares_that_divide_nothing_are_refused(shares: str) -> None:
    with pytest.raises(BadInput, match=r"shares: .* must be train/validation/test"):
        parse_shares(shares)


def two_sets_of_one_source(listed: bool) -> pd.DataFrame:
    """FaceForensics++ has forty sequences real and forged in pairs; DF40 forges twenty of the pairs again."""
    ff, df40 = [], []
    for pair in range(20):
        a, b = f"sequence:{2 * pair:03d}", f"sequence:{2 * pair + 1:03d}"
        side = ("train", "val", "test")[pair % 3] if listed else None
        for k, key in enumerate((a, b)):
            ff += [sample(f"real/{2 * pair + k:03d}.mp4", 0, key, split=side)]
            ff += [sample(f"fake/{2 * pair + k:03d}.mp4", 1, a, b, split=side, method="Deepfakes")]
        df40 += [sample(f"fs/{pair:03d}/{k}.png", 1, a, b, method="fsgan") for k in range(3)]
        df40 += [sample(f"other/{pair:03d}.png", 0, f"clip:{pair}")]
    return pd.concat([table(ff, "FaceForensics++"), table(df40, "DF40")], ignore_index=True)


@pytest.mark.parametrize(("protocol", "listed"), [("group", False), ("group", True), ("official", True)])
def test_datasets_that_share_sources_lie_on_one_side_with_them(protocol: str, listed: bool) -> None:
    both = two_sets_of_one_source(listed)
    plan = splits.plan(both, protocol)
    assert plan.dropped == 0
    assert "shared across datasets" not in {leak.kind for leak in leaks.report(plan.table, media=False)}
    for name, part in plan.table.groupby("dataset"):
        sides = part.groupby("split")["label"].nunique()
        assert set(sides.index) == {"train", "val", "test"}, name
        assert (sides == 2).all(), name
    if protocol == "official":
        stated = both.set_index("id")["split"].dropna()
        assert (plan.table.set_index("id")["split"][stated.index] == stated).all()
        assert any("go into the part that those are in there" in note for note in plan.notes)
    else:
        shares = plan.table.groupby("dataset")["split"].value_counts(normalize=True)
        assert shares.xs("train", level="split").between(0.5, 0.75).all()


def test_sets_that_share_nothing_are_divided_as_alone() -> None:
    both = two_sets_of_one_source(False)
    both["dataset"] = both["dataset"].map({"FaceForensics++": "one", "DF40": "two"})
    together = splits.plan(both, "group").table.set_index("id")["split"]
    for _, part in both.groupby("dataset"):
        alone = splits.plan(part.reset_index(drop=True), "group").table.set_index("id")["split"]
        assert (together[alone.index] == alone).all()
