"""A batch that goes on: which files have their verdict already, by the lines of `--jsonl`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from core.detection.files import Given
from core.detection.verdict import Verdict
from core.errors import BadInput


class Known:
    """Verdicts of before. A file that is given twice has two."""

    def __init__(self, path: Path) -> None:
        self._found: dict[str, list[Verdict]] = defaultdict(list)
        try:
            lines = path.read_bytes().split(b"\n")
        # Nothing was judged yet.
        except FileNotFoundError:
            return
        except OSError as error:
            raise BadInput(
                f"{path} cannot be read ({error.strerror}); name the file to go on with"
            ) from error
        for line in lines:
            try:
                entry = json.loads(line)
                verdict = Verdict.from_dict(entry)
            except (ValueError, TypeError, KeyError):  # torn by a kill: its file is judged again
                continue
            self._found[verdict.file].append(verdict)

    def take(self, files: Sequence[Given], detector: str | None) -> dict[int, Verdict]:
        """The verdicts that are there, by the file's place; `detector` null: whichever judged it."""
        taken: dict[int, Verdict] = {}
        for place, given in enumerate(files):
            verdicts = self._found[given.shown]
            fitting = [v for v in verdicts if detector is None or v.detector == detector]
            if fitting:
                taken[place] = fitting[0]
                verdicts.remove(fitting[0])
        return taken
