"""What detection costs beyond its parts: `python -m benchmarks.detection [--device cpu|cuda] [--small] [--json]`.

One clip with verdict and heat maps, by the command's code and through the server's detection process, against bare
decoding, face finding, forward, Grad-CAM and faithfulness passes on the same frames in the same run; the first and
the second verdict of a server; its memory over 200 files; a batch of demo pictures against the bare loop in as many
processes. Networks have random weights: they cost what trained ones do. `--many`: detection_many.py.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import detection_many
from benchmarks import detection_parts as parts
from benchmarks import detection_server as server
from core.catalog import demo
from core.detection.detector import open_shared
from core.detection.files import Given
from core.detection.judgement import detect
from core.detection.request import Request
from core.detection.serving import batch
from core.detection.serving.service import Service
from core.media.recipe import Recipe
from core.memory import keep_freed

PARTS = ("clip", "pictures", "server", "memory", "batch")
CLIP_AT_MOST = 1.3
CLIP_SECONDS = 10.0  # until the verdict on a clip of which a network sees single pictures
BATCH_AT_LEAST = 0.9
PROCESSES = 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="fewer files: a look, not a measurement")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    parser.add_argument(
        "--many", action="store_true", help="batches of pictures, clips and recordings, and nothing else"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where the networks run")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    device = detection_many.device_name(args.device)
    if args.many:
        return _many(args, device)
    keep_freed()  # as every process that judges does; so the bare parts have it too
    files = 40 if args.small else 200
    with tempfile.TemporaryDirectory() as temporary, workspace_in(Path(temporary) / "workspace"):
        folder = Path(temporary)
        wanted = [args.only] if args.only else list(PARTS)
        if set(wanted) - {"clip", "pictures"}:
            demo.make(folder / "demo", workers=1)
        measures = {
            "clip": lambda: clip_against_parts(folder, args.repeats),
            "pictures": lambda: clip_by_pictures(folder, args.repeats),
            "server": lambda: server.first_verdicts(folder),
            "memory": lambda: server.memory(folder, files),
            "batch": lambda: batch_against_bare(folder, files),
        }
        result: dict[str, Any] = {"device": device, "cores": len(os.sched_getaffinity(0))}
        for name in wanted:
            result[name] = measures[name]()
            print(json.dumps({name: result[name]}), file=sys.stderr, flush=True)  # kept where it is cut short
    print(json.dumps(result, indent=2) if args.json else words(result))


def _many(args: argparse.Namespace, device: str) -> None:
    keep_freed()
    with tempfile.TemporaryDirectory() as temporary, workspace_in(Path(temporary) / "workspace"):
        found = detection_many.many(Path(temporary), device, small=args.small)
    print(json.dumps(found, indent=2) if args.json else "\n".join(detection_many.words(found)))


@contextmanager
def workspace_in(folder: Path) -> Iterator[None]:
    """Neither settings nor a catalogue of this machine take part."""
    before = os.environ.get("DEEPFAKE_WORKSPACE")
    os.environ["DEEPFAKE_WORKSPACE"] = str(folder)
    yield
    del os.environ["DEEPFAKE_WORKSPACE"]
    if before is not None:
        os.environ["DEEPFAKE_WORKSPACE"] = before


def clip_against_parts(folder: Path, repeats: int) -> dict[str, Any]:
    path = parts.make_clip(folder / "clip.mp4")
    recipe = Recipe(modality="video", frames=parts.FRAMES, faces=True)
    run = parts.make_run(folder / "efficientnet_lstm", "efficientnet_lstm", recipe)
    found = open_shared(run)
    service = Service()
    seconds: dict[str, list[float]] = {"command": [], "page": [], "verdict": [], "page_verdict": []}
    bare = []
    for k in range(repeats + 1):  # the first of each warms up
        start = time.perf_counter()

        def on_progress(stage: str, _verdict: object, start: float = start) -> None:
            if stage == "verdict":
                seconds["verdict"].append(time.perf_counter() - start)

        request = Request(run=str(run), explain=True, out=folder / f"maps-{k}")
        verdict = detect(path, "clip", request, on_progress=on_progress)
        seconds["command"].append(time.perf_counter() - start)
        # Frames without a face are left out here and in the bare parts alike.
        assert verdict.status == "ok" and len(verdict.explanations) == len(verdict.units) > 0, verdict.reason
        start = time.perf_counter()
        job = server.judged(service, path, run, folder / f"page-{k}")
        seconds["page"].append(time.perf_counter() - start)
        seconds["page_verdict"].append(job.verdict_after or 0.0)
        bare.append(parts.bare_clip(path, found))
    service.close()
    medians = {name: statistics.median(p[name] for p in bare[1:]) for name in bare[0]}
    total = sum(medians.values())
    ours = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    return {
        "parts_ms": {name: round(1000 * s, 1) for name, s in medians.items()},
        "bare_ms": round(1000 * total, 1),
        "ours_ms": {name: round(1000 * s, 1) for name, s in ours.items()},
        "ratio": round(ours["command"] / total, 3),
        "page_ratio": round(ours["page"] / total, 3),
        "holds": max(ours["command"], ours["page"]) <= CLIP_AT_MOST * total,
    }


def clip_by_pictures(folder: Path, repeats: int) -> dict[str, Any]:
    """A detector that learned pictures of faces, unresized, judges 10 s of 1080p."""
    path = parts.write_clip(folder / "large.mp4", (1920, 1080))
    recipe = Recipe(modality="image", frames=8, resize="native", face_share=0.65)
    run = parts.make_run(folder / "forensic_residual", "forensic_residual", recipe)
    found = open_shared(run)
    ours: list[float] = []
    bare: list[dict[str, float]] = []
    for _ in range(repeats + 1):  # the first of each warms up
        start = time.perf_counter()
        verdict = detect(path, "clip", Request(run=str(run)))
        ours.append(time.perf_counter() - start)
        assert verdict.status == "ok" and {u.kind for u in verdict.units} == {"face"}, verdict.reason
        bare.append(parts.bare_clip_by_pictures(path, found))
    medians = {name: statistics.median(p[name] for p in bare[1:]) for name in bare[0]}
    seconds, total = statistics.median(ours[1:]), sum(medians.values())
    return {
        "parts_ms": {name: round(1000 * s) for name, s in medians.items()},
        "seconds": round(seconds, 2),
        "ratio": round(seconds / total, 3),
        "holds": seconds <= min(CLIP_SECONDS, CLIP_AT_MOST * total),
    }


def batch_against_bare(folder: Path, count: int) -> dict[str, Any]:
    """Pictures a second: the command's own code with facts and verdicts, and the bare loop, both in processes that
    stand ready; and both in this process, in turns on the same files."""
    pictures = parts.demo_files(folder, (".jpg", ".png"), count)
    recipe = Recipe(modality="image", image_size=224, faces=True)
    run = parts.make_run(folder / "batch", "mobilenetv3_small", recipe)
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(3):
        rates["ours"].append(_batch_rate(pictures, run))
        rates["bare"].append(parts.bare_pool(pictures, run, PROCESSES))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    share, turns = medians["ours"] / medians["bare"], _in_turns(pictures, run)
    return {
        "processes": PROCESSES,
        "pictures_a_second": {name: round(rate, 2) for name, rate in medians.items()},
        "share": round(share, 3),
        "share_in_one_process": round(turns, 3),
        "holds": share >= BATCH_AT_LEAST,
    }


def _batch_rate(pictures: list[Path], run: Path) -> float:
    ends: list[float] = []
    files = [Given(path, path.name) for path in pictures]
    verdicts = batch.run(
        files,
        Request(run=str(run)),
        workers=PROCESSES,
        on_verdict=lambda _n, _v: ends.append(time.perf_counter()),
    )
    assert all(v.status != "error" for v in verdicts)
    late = np.sort(ends)[2 * PROCESSES :]  # the first files of each process load the weights
    return (len(late) - 1) / float(late[-1] - late[0])


def _in_turns(pictures: list[Path], run: Path) -> float:
    found, spent = open_shared(run), np.zeros(2)
    for k, path in enumerate([pictures[0], *pictures]):  # the first warms both up and is not counted
        start = time.perf_counter()
        detect(path, "p", Request(run=str(run)))
        middle = time.perf_counter()
        parts.bare_picture(path, found)
        spent += np.array([middle - start, time.perf_counter() - middle]) * (k > 0)
    return float(spent[1] / spent[0])


def words(result: dict[str, Any]) -> str:
    lines = [f"{result['device']}, {result['cores']} cores, medians"]
    if clip := result.get("clip"):
        lines += ["", f"| 10 s of 720p, efficientnet_lstm, {parts.FRAMES} frames | ms |", "|---|---|"]
        lines += [f"| bare {name.replace('_', '-')} | {ms} |" for name, ms in clip["parts_ms"].items()]
        lines += [f"| sum of the parts | {clip['bare_ms']} |"]
        for name, ms in clip["ours_ms"].items():
            what = "verdict visible" if "verdict" in name else "verdict, timeline and heat maps"
            lines.append(f"| {what}, {'on the page' if 'page' in name else 'by the command'} | {ms} |")
        ratios = f"{clip['ratio']} by the command, {clip['page_ratio']} on the page"
        lines += ["", f"ratio {ratios} (at most {CLIP_AT_MOST}): {_held(clip)}"]
    if one := result.get("pictures"):
        lines.append(
            f"10 s of 1080p by a network that sees single pictures: {one['seconds']} s (at most {CLIP_SECONDS:.0f}), "
            f"{one['ratio']} of decoding, faces and passes (at most {CLIP_AT_MOST}; {one['parts_ms']} ms): {_held(one)}"
        )
    if first := result.get("server"):
        lines += [
            "",
            "seconds to a verdict on a picture: " + ", ".join(f"{n} {s}" for n, s in first.items()),
        ]
    if held := result.get("memory"):
        growth = f"growth {held['growth']:.1%} (within {server.MEMORY_WITHIN:.0%})"
        lines += ["", f"memory after so many files: {held['mb']} MB, {growth}: {_held(held)}"]
    if many := result.get("batch"):
        rates = many["pictures_a_second"]
        lines.append(
            f"batch in {many['processes']} processes: {rates['ours']} pictures/s against {rates['bare']} bare, "
            f"share {many['share']} (at least {BATCH_AT_LEAST}): {_held(many)}; "
            f"in one process, in turns: {many['share_in_one_process']}"
        )
    return "\n".join(lines)


def _held(part: dict[str, Any]) -> str:
    return "holds" if part["holds"] else "does not hold"


if __name__ == "__main__":
    main()
