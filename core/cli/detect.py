"""detect: judge files with a trained detector, explain the verdicts, write a report."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from core.cli import CutOff
from core.detection.files import Given
from core.errors import BadInput

SUMMARY = "judge files with a detector: verdict, units, heat maps, report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from core.detection.explanations import AUTO, CHOICES

    parser.add_argument("files", nargs="+", metavar="FILE", help="files, or folders of media files")
    parser.add_argument(
        "--run",
        action="append",
        help="a run, its folder, or an exported detector (default: settings.toml, [detectors]); "
        "given several times: each judges, side by side",
    )
    parser.add_argument("--text", help="what was said or written with it, for a multimodal detector")
    parser.add_argument("--explain", action="store_true", help="make heat maps under --out")
    parser.add_argument(
        "--method", choices=tuple(CHOICES), default=AUTO, help="how heat maps are made (default: %(default)s)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for heat maps, verdicts.json and verdicts.csv; both grow with every file",
    )
    parser.add_argument(
        "--jsonl",
        type=Path,
        metavar="FILE",
        help="append each verdict as it is there, one JSON object a line",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="OUT.html|OUT.pdf",
        help="one self-contained report: PDF where the name ends in .pdf, else HTML",
    )
    parser.add_argument("--workers", type=int, help="processes (default: by the number of files and cores)")


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    from core.detection import source
    from core.detection.files import expand
    from core.detection.serving import uploads

    runs = list(dict.fromkeys(args.run or [None]))
    for name in runs:
        if name is not None:
            source.find(name)  # a missing run is said before anything starts
    _check_places(args)
    files = expand(args.files)
    uploads.sweep()
    with _cut_once(), tempfile.TemporaryDirectory(prefix=uploads.own_prefix()) as scratch:
        batch = _Batch(args, runs, len(files), _request(args, Path(scratch)))
        try:
            batch.judge(files)
        except KeyboardInterrupt as cut:
            raise CutOff(batch.result()) from cut
        batch.write_report()
    return batch.result()


class _Batch:
    """Files and detectors of one command with the verdicts that are there so far."""

    def __init__(self, args: argparse.Namespace, runs: list[str | None], files: int, request: Any) -> None:
        from core.detection.reporting.growing import Growing, GrowingFolder, JsonLines

        self.args, self.runs = args, runs
        self.requests = _one_each(request, runs)
        # The verdicts of each file, by detector.
        self.verdicts: list[list[Any]] = [[None] * len(runs) for _ in range(files)]
        self.growing: list[Growing] = [JsonLines(args.jsonl)] if args.jsonl is not None else []
        self.growing += [GrowingFolder(args.out)] if args.out is not None else []
        self.on_progress = _progress(files * len(runs))

    def judge(self, files: Sequence[Given]) -> None:
        from core.detection import exports
        from core.detection.serving import batch

        for number, request in enumerate(self.requests):
            keep = partial(self._keep, detector=number)
            judged = batch.run(files, request, workers=self.args.workers, on_verdict=keep)
            for of_file, verdict in zip(self.verdicts, judged, strict=True):
                of_file[number] = verdict
        if self.args.out is not None:  # in the order given, now that all are there
            of_files = [self._entries(of_file) for of_file in self.verdicts]
            exports.save(self.args.out, [entry for of_file in of_files for entry in of_file])

    def _keep(self, number: int, verdict: Any, *, detector: int) -> None:
        from core.access import LOCAL
        from core.detection.trail import note_verdict

        self.verdicts[number][detector] = verdict
        note_verdict(LOCAL, verdict)
        entry = self._entries([verdict])[0]
        for one in self.growing:
            one.add(entry)
        self.on_progress()

    def _entries(self, of_file: Sequence[Any]) -> list[dict[str, Any]]:
        return [_entry(v, keep_maps=self.args.explain) for v in of_file if v is not None]

    def write_report(self) -> None:
        if self.args.report is None:
            return
        from core.detection.reporting import report

        several = len(self.runs) > 1
        words = [_combined(self.runs, of_file).words for of_file in self.verdicts] if several else []
        report.save(self.args.report, [v for of_file in self.verdicts for v in of_file], words)

    def result(self) -> list[dict[str, Any]]:
        """An entry a file that has one; with several detectors the first's holds the others."""
        found = []
        for of_file in self.verdicts:
            entries = self._entries(of_file)
            if not entries:
                continue
            if len(self.runs) > 1:
                together = asdict(_combined(self.runs, of_file))
                entries = [{**entries[0], "others": entries[1:], "combined": together}]
            found += entries
        return found


@contextlib.contextmanager
def _cut_once() -> Iterator[None]:
    """A polite kill leaves as Ctrl-C does: pictures of the judged files do not stay behind.

    The second and third are ignored: they would break into the tidying up. A command that was cut off is about to
    end, so they stay ignored while it prints what it had.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def cut(number: int, frame: FrameType | None) -> None:
        for known in before:
            signal.signal(known, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, cut)
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException:
        _restore(before)
        raise
    _restore(before)


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _one_each(request: Any, runs: list[str | None]) -> list[Any]:
    """A request a detector; the pictures of several lie in a folder each."""
    requests = []
    for number, name in enumerate(runs, start=1):
        out = request.out
        if out is not None and len(runs) > 1:
            out = out / f"detector-{number}"
            out.mkdir(exist_ok=True)
        requests.append(replace(request, run=name, out=out))
    return requests


def _combined(runs: Sequence[str | None], verdicts: Sequence[Any]) -> Any:
    """What the detectors say together of one file, where that was learned."""
    from core.detection import stacking

    scores = {
        str(n): v.score for n, v in zip(runs, verdicts, strict=True) if v is not None and v.score is not None
    }
    return stacking.combine(scores)


def _check_places(args: argparse.Namespace) -> None:
    if args.out is not None and os.path.exists(args.out) and not args.out.is_dir():
        raise BadInput(f"--out {args.out} is a file; name a folder")
    if args.report is not None and os.path.isdir(args.report):
        raise BadInput(f"--report {args.report} is a folder; name a file, e.g. {args.report / 'report.html'}")
    if args.jsonl is not None and os.path.isdir(args.jsonl):
        raise BadInput(f"--jsonl {args.jsonl} is a folder; name a file, e.g. {args.jsonl / 'verdicts.jsonl'}")
    for option, folder in (
        ("--out", args.out),
        ("--report", args.report and args.report.parent),
        ("--jsonl", args.jsonl and args.jsonl.parent),
    ):
        if folder is None:
            continue
        try:  # said before the files are judged, not after
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"{option}: the folder {folder} cannot be made ({error.strerror})") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise BadInput(f"{option}: nothing can be written into {folder}")


def _request(args: argparse.Namespace, scratch: Path) -> Any:
    from core.detection.request import Request
    from core.workspace import workspace

    explained = args.explain or args.report is not None
    out = None
    if args.explain:
        out = args.out or workspace().root / "detections" / time.strftime("%Y%m%d-%H%M%S")
        out.mkdir(parents=True, exist_ok=True)
        args.out = out
    elif explained:
        out = scratch  # the report carries the pictures in itself
    return Request(
        text=args.text,
        explain=explained,
        method=args.method,
        out=out.absolute() if out else None,
    )


def _progress(total: int) -> Callable[[], object]:
    """A progress bar where somebody watches and it is worth one."""
    if total < 2 or not sys.stderr.isatty():
        return lambda: None
    from tqdm import tqdm

    return tqdm(total=total, unit="file", file=sys.stderr).update


def _entry(verdict: Any, *, keep_maps: bool) -> dict[str, Any]:
    entry = verdict.to_dict()
    if not keep_maps:  # they lay in a folder that is gone
        entry |= {"heatmaps": [], "explanations": [], "waveform": {}}
    return entry


def show(entries: list[dict[str, Any]]) -> str:
    lines = []
    for entry in entries:
        name = _shown(entry["file"])
        lines += [f"{name}: {known['words']}" for known in entry.get("catalogued") or ()]
        lines += [line for one in (entry, *entry.get("others", ())) for line in _lines(one)]
        if "combined" in entry:
            from core.detection.stacking import Combined

            lines.append(f"  {Combined(**entry['combined']).words}")
    return "\n".join(lines + _makers(entries)) or "no media files"


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def _lines(entry: dict[str, Any]) -> list[str]:
    """The verdict, and under it what takes from it."""
    name = _shown(entry["file"])
    held = [f"  {' '.join(r['words'] for r in entry['reservations'])}"] if entry["reservations"] else []
    if entry["status"] == "error":
        return [f"{name}: error: {entry['reason']}"]
    if entry["status"] == "not_applicable":
        return [f"{name}: not applicable: {entry['reason']}", *held]
    if entry["domain"]["inside"] is False:
        reason = [f"  {entry['reason']}"] if entry["reason"] else []
        score = f"{entry['score']:.3f} means nothing here"
        return [f"{name}: uncertain  {entry['words']}  (score {score}, {entry['detector']})", *held, *reason]
    threshold = "none" if entry["threshold"] is None else f"{entry['threshold']:.3f}"
    return [
        f"{name}: {entry['verdict']}  score {entry['score']:.3f} (threshold {threshold}, {entry['detector']})"
        f"  {entry['words']}",
        *held,
    ]


def _makers(entries: list[dict[str, Any]]) -> list[str]:
    """Who made the detectors that judged, once each."""
    found = {}
    for entry in entries:
        for one in (entry, *entry.get("others", ())):
            if one["detector"] and one["about"].get("lines"):
                found[one["detector"]] = f"{one['detector']}: {' '.join(one['about']['lines'])}"
    return list(found.values())
