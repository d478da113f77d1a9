"""detect: judge files with a trained detector, explain the verdicts, write a report."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from core.cli import CutOff
from core.cli._cut_off import Cut, cut_once
from core.cli._executor import RAY, add_executor
from core.cli._verdict_text import show
from core.detection.files import Given
from core.errors import BadInput

__all__ = ["SUMMARY", "add_arguments", "run", "show"]
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
        help="append each verdict as it is there, one JSON object a line; the answer, the report and, at the end, --out "
        "are in the order given",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="OUT.html|OUT.pdf",
        help="one self-contained report: PDF where the name ends in .pdf, else HTML",
    )
    parser.add_argument(
        "--workers",
        type=int,
        help="processes that read files, on Ray of each shard (default: one a core; on Ray at most 4)",
    )
    add_executor(parser, resume="go on with --jsonl FILE: what has its verdict there is not judged again")


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    from core.detection import source
    from core.detection.files import expand
    from core.detection.serving import uploads

    runs = list(dict.fromkeys(args.run or [None]))
    for name in runs:
        if name is not None:
            source.find(name)  # a missing run is said before anything starts
    if args.resume and args.jsonl is None:
        raise BadInput("--resume goes on with the verdicts in --jsonl FILE; name that file too")
    _check_places(args)
    files = expand(args.files)
    uploads.sweep()
    with cut_once() as cut, tempfile.TemporaryDirectory(prefix=uploads.own_prefix()) as scratch:
        batch = _Batch(args, runs, len(files), _request(args, Path(scratch)), cut)
        try:
            batch.judge(files)
        except KeyboardInterrupt as interrupt:
            raise CutOff(batch.result()) from interrupt
        batch.write_report()
    return batch.result()


class _Batch:
    """Files and detectors of one command with the verdicts that are there so far."""

    def __init__(
        self, args: argparse.Namespace, runs: list[str | None], files: int, request: Any, cut: Cut
    ) -> None:
        from core.detection.reporting.growing import Growing, GrowingFolder, JsonLines
        from core.detection.reporting.resuming import Known

        self.known = Known(args.jsonl) if args.resume else None
        self.args, self.runs, self.cut = args, runs, cut
        self.requests = _one_each(request, runs)
        # The verdicts of each file, by detector.
        self.verdicts: list[list[Any]] = [[None] * len(runs) for _ in range(files)]
        self.growing: list[Growing] = [JsonLines(args.jsonl)] if args.jsonl is not None else []
        self.growing += [GrowingFolder(args.out)] if args.out is not None else []
        self.on_progress = _progress(files * len(runs))

    def judge(self, files: Sequence[Given]) -> None:
        from core.detection import exports

        for number, request in enumerate(self.requests):
            self._take_known(files, number)
            places = [k for k, of_file in enumerate(self.verdicts) if of_file[number] is None]

            def keep(place: int, verdict: Any, number: int = number, places: list[int] = places) -> None:
                self._keep(places[place], verdict, detector=number)

            judged = self._judge([files[k] for k in places], request, places, keep)
            for place, verdict in zip(places, judged, strict=True):
                self.verdicts[place][number] = verdict
        if self.args.out is not None:  # in the order given, now that all are there
            of_files = [self._entries(of_file) for of_file in self.verdicts]
            exports.save(self.args.out, [entry for of_file in of_files for entry in of_file])

    def _judge(
        self,
        files: Sequence[Given],
        request: Any,
        numbers: Sequence[int],
        keep: Callable[[int, Any], None],
    ) -> list[Any]:
        """Here, or in shards on the cluster."""
        workers = self.args.workers
        if self.args.executor == RAY:
            from core.detection.serving import shards

            return shards.run(
                files, request, numbers=numbers, workers=workers, shard=self.args.shard, on_verdict=keep
            )
        from core.detection.serving import batch

        return batch.run(files, request, numbers=numbers, workers=workers, on_verdict=keep)

    def _take_known(self, files: Sequence[Given], detector: int) -> None:
        """With --resume: the verdicts that --jsonl holds."""
        if self.known is None:
            return
        from core.detection import source

        run = self.runs[detector]
        name = None if run is None else source.find(run).id
        for place, verdict in self.known.take(files, name).items():
            with self.cut.after_step():
                self.verdicts[place][detector] = verdict
                for one in self.growing[1:]:  # the lines have it
                    one.add(self._entries([verdict])[0])
            self.on_progress()

    def _keep(self, number: int, verdict: Any, *, detector: int) -> None:
        from core.access import LOCAL
        from core.detection.trail import note_verdict

        with self.cut.after_step():
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
        words = [_combine(self.runs, of_file).words for of_file in self.verdicts] if several else []
        report.save(self.args.report, [v for of_file in self.verdicts for v in of_file], words)

    def result(self) -> list[dict[str, Any]]:
        """An entry a file that has one; with several detectors the first's holds the others."""
        found = []
        for of_file in self.verdicts:
            entries = self._entries(of_file)
            if not entries:
                continue
            if len(self.runs) > 1:
                together = asdict(_combine(self.runs, of_file))
                entries = [{**entries[0], "others": entries[1:], "combined": together}]
            found += entries
        return found


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


def _combine(runs: Sequence[str | None], verdicts: Sequence[Any]) -> Any:
    """What the detectors say together of one file, where that was learned."""
    from core.detection import stacking

    named = {str(n): v for n, v in zip(runs, verdicts, strict=True) if v is not None}
    return stacking.combine_verdicts(named)


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
