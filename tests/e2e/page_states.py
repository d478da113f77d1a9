"""Every page in its main states: what benchmarks.screenshots takes pictures of.

empty     a new workspace: what each page says before there is anything
full      two demo datasets, a set of one class, runs in every state, detectors of every kind, judged files
trouble   the demo being made, a damaged detector, a trail that somebody changed
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.chromium import PAGES
from core.access import LOCAL
from core.catalog.scan import scan
from core.imports.importing import import_detector
from core.runs import notes
from core.runs.folder import RunFolder
from core.workspace import Workspace
from tests.detection.tiny_runs import make_run, put_reference
from tests.e2e import full_workspace
from tests.e2e.page_acts import (
    Act,
    do,
    drop,
    fill,
    go,
    judge,
    look,
    open_boxes,
    open_words,
    press,
    switch,
    tab,
    wait_for,
)
from tests.imports import published_files
from tests.made_media import clip, tone

ONE_CLASS = "Only fakes"


@dataclass(frozen=True)
class State:
    """A page in one state: how its address goes on, what is done before it is looked at, and afterwards."""

    page: str
    name: str
    query: str = ""
    act: Act = look
    undo: Act = look


def every_state(folder: Path) -> Iterator[tuple[Workspace, list[State]]]:
    """Workspaces under `folder`, each made when it is asked for, with the states that are looked at in it."""
    empty = Workspace(folder / "empty")
    empty.root.mkdir(parents=True)
    yield empty, [State(name, "empty") for name in PAGES]
    full = Workspace(folder / "full")
    yield full, _of_a_full_workspace(full, folder)
    trouble = Workspace(folder / "trouble")
    yield trouble, _of_trouble(trouble, folder)


def fill_workspace(space: Workspace, folder: Path) -> tuple[dict[str, str], dict[str, Path]]:
    """Everything that a page can show; gives the ids of runs by what they are, and files to judge."""
    runs = {name: run.id for name, run in full_workspace.fill(space).items()}
    tagged = RunFolder(space.runs / runs["second"])
    notes.write(tagged, LOCAL, space, name="", tags=["baseline", "week 12"], note="For the talk in Lyon")
    files = _files_to_judge(folder)
    _add_set_of_one_class(space, folder)
    _add_detectors(space, folder, files)
    return runs, files


def _of_a_full_workspace(space: Workspace, folder: Path) -> list[State]:
    runs, files = fill_workspace(space, folder)
    return [
        *(State(name, "full") for name in PAGES if name not in ("detect", "runs")),
        *_of_datasets(),
        *_of_train(),
        *_of_runs(runs),
        *_of_thresholds(runs, folder),
        *_of_sound(runs),
        *_of_detect(files),
        *_of_detectors(),
        State("compare", "open", act=open_boxes),
        State("compare", "curves", act=tab("Precision–recall")),
        State("trail", "open", act=open_boxes),
        State("trail", "no-match", "?on=there-is-none"),
    ]


def _of_datasets() -> list[State]:
    pictures = f"?dataset={full_workspace.PICTURES}"
    probe = do(press("^(Look for shortcuts|Measure again)"), wait_for("Measured on .* real and"))
    add = press("Add folder")
    wrong = do(add, fill("Folder on this", "/there/is/none"), press("Add and scan", within="stPopoverBody"))
    return [
        State("datasets", "methods", f"{pictures}&view=methods"),
        State("datasets", "plan", pictures, do(press("Make the plan"), wait_for("Save the plan"))),
        State("datasets", "shortcuts", f"{pictures}&tab=shortcuts", probe),
        State("datasets", "resolutions", f"{pictures}&view=resolutions&tab=problems"),
        State("datasets", "names", f"{pictures}&tab=names", switch("Change its name, or leave it out")),
        State("datasets", "correct", f"{pictures}&tab=export", press("Correct this")),
        State("datasets", "recordings", "?dataset=ASVspoof 2019 LA&view=durations"),
        State("datasets", "one-class", f"?dataset={ONE_CLASS}"),
        State("datasets", "no-match", f"{pictures}&text=there-is-none"),
        State("datasets", "open", act=open_boxes),
        State("datasets", "add", act=add),
        State("datasets", "error", act=wrong),
    ]


def _of_train() -> list[State]:
    copied = do(go("Runs"), fill("Find", "First detector"), press("Clone"), wait_for("This is a copy of"))
    both = f'?modality="image"&datasets=["{ONE_CLASS}","{full_workspace.PICTURES}"]'
    sound = '?modality="audio"&datasets=["ASVspoof 2019 LA"]&model="logmel_resnet18"'
    return [
        State("train", "open", act=open_boxes),
        State("train", "error", '?modality="video"&datasets=[]'),
        State("train", "one-class", f'?modality="image"&datasets=["{ONE_CLASS}"]'),
        State("train", "two-sets", both),
        State("train", "options", sound, open_boxes),
        State("train", "search", act=press("Search for better")),
        State("train", "copy", act=copied),
    ]


def _of_runs(runs: Mapping[str, str]) -> list[State]:
    first = f"?run={runs['first']}"
    several = f"{first},{runs['second']}&metric=auc,loss,f1&group=state"
    return [
        State("runs", "full", first),
        State("runs", "working", f"?run={runs['running']}"),
        State("runs", "error", f"?run={runs['failed']}", open_boxes),
        State("runs", "stopped", f"?run={runs['stopped']}"),
        State("runs", "learned-nothing", f"?run={runs['nothing']}"),
        State("runs", "several", several),
        State("runs", "two-results", several, open_boxes),
        State("runs", "matrices", first, tab("Confusion matrices")),
        State("runs", "parts", first, tab("By dataset and method")),
        State("runs", "plots", first, tab("Plots")),
        State("runs", "files", first, do(tab("Files"), open_boxes)),
        State("runs", "edit", first, press("Edit")),
        State("runs", "scales", first, press("Scales")),
        State("runs", "delete", first, press("Delete 1 run")),
        State("runs", "no-match", "?find=there-is-none"),
        State("runs", "words", first, open_words),
    ]


def _of_thresholds(runs: Mapping[str, str], folder: Path) -> list[State]:
    run, own = f"?run={runs['first']}", "?file=there-is-none"
    scores, broken = folder / "scores.csv", folder / "no scores.csv"
    rng = np.random.default_rng(3)
    lines = [f"{k % 2},{rng.normal() + 2 * (k % 2):.4f},{'ab'[k % 3 == 0]}" for k in range(400)]
    scores.write_text("\n".join(["label,score,method", *lines]) + "\n", encoding="utf-8")
    broken.write_text("a,b\n1,2\n", encoding="utf-8")
    everything = f"{run}&open=lines,compared,breakdown,history&band=0.05"
    return [
        State("thresholds", "test", f"{run}&split=test"),
        State("thresholds", "open", everything, open_boxes),
        State("thresholds", "missed", f"{run}&samples=missed&slice=method"),
        State("thresholds", "learned-nothing", f"?run={runs['nothing']}"),
        State("thresholds", "save", run, press("Save as operating")),
        State("thresholds", "export", run, press("Export")),
        State("thresholds", "error", "?run=there-is-none"),
        State("thresholds", "own-gone", own),
        State("thresholds", "own", own, do(drop(scores), wait_for("scores are taken for fake"), open_boxes)),
        State("thresholds", "own-error", own, do(drop(broken), wait_for("no scores.csv.* column"))),
    ]


def _of_sound(runs: Mapping[str, str]) -> list[State]:
    """What only a run on sound has: the measures of the speech community."""
    sound, both = f"?run={runs['sound']}", f"?runs={runs['sound']},{runs['sound too']}"
    return [
        State("runs", "sound", sound),
        State("thresholds", "sound", sound, open_boxes),
        State("compare", "sound", both, open_boxes),
    ]


def _of_detect(files: Mapping[str, Path]) -> list[State]:
    one = judge(files["picture"])
    several = judge(files["picture"], files["other"], files["clip"], files["broken"])
    judging = (
        ("working", "?detector=pictures", do(drop(files["picture"]), wait_for(files["picture"].name))),
        ("full", "?detector=pictures", do(one, open_boxes)),
        ("known", "?detector=knows", do(one, switch("Try another threshold"))),
        ("several", "", several),
        ("clip", "?detector=clips", do(judge(files["clip"]), open_boxes)),
        ("sound", "?detector=sounds", judge(files["clip"])),
        ("windows", "?detector=short sounds", judge(files["clip"])),
        ("both", "?detector=clips with sound", judge(files["clip"])),
        ("two-detectors", "?detector=pictures,not measured", one),
        ("learned-nothing", "?detector=nothing", one),
        ("not-measured", "?detector=not measured", one),
        ("at-chance", "?detector=at chance", one),
        ("outside", "?detector=far", one),
        ("error", "?detector=pictures", do(drop(files["broken"]), wait_for("[Tt]he picture is damaged"))),
    )
    return [
        State("detect", "waiting"),
        *(State("detect", name, query, act) for name, query, act in judging),
    ]


def _of_detectors() -> list[State]:
    missing = do(open_boxes, fill("File or folder", "/there/is/none.pth"))  # Enter sends the form
    return [
        State("detectors", "at-chance", "?detector=at chance", press("Delete")),
        State("detectors", "measured", "?detector=measured"),
        State("detectors", "not-measured", "?detector=not measured", press("Rename")),
        State("detectors", "error", act=do(missing, wait_for("Importing: "))),
    ]


def _of_trouble(space: Workspace, folder: Path) -> list[State]:
    full_workspace.leave_a_trail(space, "one run", "another run")
    trail = space.root / "audit.jsonl"
    trail.write_text(trail.read_text(encoding="utf-8").replace("newsdesk", "somebody"), encoding="utf-8")
    import_detector(published_files.tiny_vit(folder / "one more"), name="damaged", space=space)
    (space.detectors / "damaged" / "detector.json").write_text("{", encoding="utf-8")
    make = do(press("Make the demo datasets"), wait_for("making demo media"))
    cancel = do(press("Cancel"), wait_for("cancelled"))  # else the next state would begin with what goes on
    return [
        State("trail", "error"),
        State("detectors", "damaged"),
        State("home", "working", act=make, undo=cancel),
        State("datasets", "working", act=make, undo=cancel),
    ]


def _add_set_of_one_class(space: Workspace, folder: Path) -> None:
    place = folder / ONE_CLASS / "fake"
    place.mkdir(parents=True)
    for k, file in enumerate(sorted(space.demo.rglob("*.jpg"))[:24]):
        shutil.copyfile(file, place / f"{k:03}.jpg")
    scan([place.parent], space=space)


def _add_detectors(space: Workspace, folder: Path, files: Mapping[str, Path]) -> None:
    """Trained ones that judge, with random weights, and imported ones: measured, at chance, not measured."""
    make_run(space.runs / "pictures", "image", threshold=0.0)
    make_run(space.runs / "clips", "video", threshold=0.4)
    make_run(space.runs / "sounds", "audio")
    make_run(space.runs / "short sounds", "audio", seconds=1.0)
    make_run(space.runs / "clips with sound", "multimodal", model="fusion_tiny", threshold=0.4, faces=False)
    make_run(space.runs / "nothing", "image", learned_nothing=True)
    put_reference(make_run(space.runs / "far", "image"), files["other"], away=3.0)
    knows = make_run(space.runs / "knows", "image", threshold=0.45, band=(0.4, 0.5))
    put_reference(knows, files["picture"], away=0.0)
    at_chance = "at chance: AUC 0.478 [0.37, 0.58] on 151 labelled files of yours does not rise above 0.5, which is guessing"
    on = {"datasets": [full_workspace.PICTURES], "n": 151}
    source = published_files.tiny_vit(folder / "published")
    for name, found in {
        "not measured": {},
        "at chance": {
            "auc": 0.478,
            "at_chance": True,
            "words": at_chance,
            "intervals": {"auc": [0.37, 0.58]},
        },
        "measured": {"auc": 0.913, "at_chance": False, "intervals": {"auc": [0.88, 0.94]}},
    }.items():
        import_detector(source, name=name, space=space)
        imported = RunFolder(space.detectors / name)
        if found:
            imported.save_document("detector", {**(imported.imported or {}), "measured": {**on, **found}})
            nothing = {"learned_nothing": found["at_chance"], "learned_nothing_reason": found.get("words")}
            at = {"auc": found["auc"], "intervals": found["intervals"]}
            imported.save_document("metrics", {**nothing, "test": {"real": 75, "fake": 76, "at_chosen": at}})


def _files_to_judge(folder: Path) -> dict[str, Path]:
    """Two pictures, a clip with sound, and a picture that is cut off."""
    found = {"picture": folder / "picture.png", "other": folder / "another picture.png"}
    for seed, path in enumerate(found.values()):
        noise = np.random.default_rng(seed).integers(0, 255, (24, 36, 3), np.uint8)
        cv2.imwrite(str(path), cv2.resize(noise, (480, 320), interpolation=cv2.INTER_CUBIC))
    found["clip"] = clip(folder / "clip.mp4", frames=90, sound=tone(3.0))
    found["broken"] = folder / "broken.png"
    found["broken"].write_bytes(found["picture"].read_bytes()[:60])
    return found
