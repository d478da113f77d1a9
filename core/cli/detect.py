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
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

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
        "--out", type=Path, metavar="DIR", help="folder for heat maps, verdicts.json and verdicts.csv"
    )
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="one self-contained HTML report")
    parser.add_argument("--workers", type=int, help="processes (default: by the number of files and cores)")


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    from core.detection import source
    from core.detection.files import expand
    from core.detection.serving import batch, uploads

    runs = list(dict.fromkeys(args.run or [None]))
    for name in runs:
        if name is not None:
            source.find(name)  # a missing run is said before anything starts
    _check_places(args)
    files = expand(args.files)
    uploads.sweep()
    with _ended_cleanly(), tempfile.TemporaryDirectory(prefix=uploads.own_prefix()) as scratch:
        request = _request(args, Path(scratch))
        told = _progress(len(files) * len(runs))
        judged = [batch.run(files, one, workers=args.workers, told=told) for one in _one_each(request, runs)]
        together = (
            [_combined(runs, of_file) for of_file in zip(*judged, strict=False)] if len(runs) > 1 else []
        )
        if args.report is not None:
            from core.detection.reporting import report

            words = [one.words for one in together]
            report.save(
                args.report, [verdict for of_file in zip(*judged, strict=False) for verdict in of_file], words
            )
    by_detector = [[_entry(v, keep_maps=args.explain) for v in verdicts] for verdicts in judged]
    if args.out is not None:
        from core.detection import exports

        exports.save(args.out, [entry for of_file in zip(*by_detector, strict=False) for entry in of_file])
    if len(runs) == 1:
        return by_detector[0]
    return [
        {**of_file[0], "others": list(of_file[1:]), "combined": asdict(one)}
        for of_file, one in zip(zip(*by_detector, strict=False), together, strict=True)
    ]


@contextlib.contextmanager
def _ended_cleanly() -> Iterator[None]:
    """A polite kill leaves as Ctrl-C does: pictures of the judged files do not stay behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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


def _combined(runs: list[str | None], verdicts: tuple[Any, ...]) -> Any:
    """What the detectors say together of one file, where that was learned."""
    from core.detection import stacking

    return stacking.combine(
        {str(n): v.score for n, v in zip(runs, verdicts, strict=True) if v.score is not None}
    )


def _check_places(args: argparse.Namespace) -> None:
    if args.out is not None and os.path.exists(args.out) and not args.out.is_dir():
        raise BadInput(f"--out {args.out} is a file; name a folder")
    if args.report is not None and os.path.isdir(args.report):
        raise BadInput(f"--report {args.report} is a folder; name a file, e.g. {args.report / 'report.html'}")
    for option, folder in (("--out", args.out), ("--report", args.report and args.report.parent)):
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


def _progress(total: int) -> Any:
    """A progress bar where somebody watches and it is worth one."""
    if total < 2 or not sys.stderr.isatty():
        return lambda _number, _verdict: None
    from tqdm import tqdm

    bar = tqdm(total=total, unit="file", file=sys.stderr)
    return lambda _number, _verdict: bar.update(1)


def _entry(verdict: Any, *, keep_maps: bool) -> dict[str, Any]:
    entry = verdict.to_dict()
    if not keep_maps:  # they lay in a folder that is gone
        entry |= {"heatmaps": [], "explanations": [], "waveform": {}}
    return entry


def show(entries: list[dict[str, Any]]) -> str:
    lines = []
    for entry in entries:
        lines += [_line(one) for one in (entry, *entry.get("others", ()))]
        if "combined" in entry:
            from core.detection.stacking import Combined

            lines.append(f"  {Combined(**entry['combined']).words}")
    return "\n".join(lines) or "no media files"


def _line(entry: dict[str, Any]) -> str:
    name = "".join(c if c.isprintable() else "\ufffd" for c in entry["file"])
    if entry["status"] != "ok":
        return f"{name}: {entry['status'].replace('_', ' ')}: {entry['reason']}"
    threshold = "none" if entry["threshold"] is None else f"{entry['threshold']:.3f}"
    return (
        f"{name}: {entry['verdict']}  score {entry['score']:.3f} (threshold {threshold}, {entry['detector']})"
        f"  {entry['words']}"
    )
