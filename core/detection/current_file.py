"""The file that is being judged: where it is, what was asked, how it is read, and how long each step took."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.detection import catalogue_copies, facts
from core.detection.frames import Frames, choose_frames
from core.detection.request import Request
from core.detection.verdict import Verdict
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.detection.detector import Detector, Judged


def _subtitles(path: Path) -> dict[str, str]:
    from core.media import subtitles

    return subtitles.read(path)


@dataclass(frozen=True)
class Media:
    """How files are read: directly, or in a process of its own with limits (uploads)."""

    probe: Callable[[Path], Any]
    prepare: Callable[[Path, Any], Any]
    frames: Callable[[Path, Any, str], Frames]
    facts: Callable[[Path, Any], dict[str, Any]]
    fingerprint: Callable[[Path, str], dict[str, Any]] = catalogue_copies.fingerprint
    words: Callable[[Path], dict[str, str]] = _subtitles


GIVEN = "given with it"
OnProgress = Callable[[str, Verdict], None]  # stage, the verdict so far
# The network's say on a prepared file with its text and metadata: alone, or in a pass that files share.
Judge = Callable[["Detector", Any, str | None, Mapping[str, Any]], "Judged | None"]


def judge_alone(
    detector: Detector, prepared: Any, text: str | None, metadata: Mapping[str, Any]
) -> Judged | None:
    return detector.judge(prepared, text=text, metadata=metadata)


def direct() -> Media:
    """Files are read in this process, within the limits of the settings."""
    from core.media.prepare import prepare
    from core.media.probe import probe

    return Media(probe, prepare, choose_frames, facts.read)


@dataclass
class CurrentFile:
    path: Path
    shown: str
    request: Request
    stem: str
    media: Media
    on_progress: OnProgress
    may_explain: Callable[[], bool]
    space: Workspace | None
    judge: Judge = judge_alone
    stages: dict[str, float] = field(default_factory=dict)
    # By detector: whether it is one of the demo's files.
    of_demo: dict[str, bool] = field(default_factory=dict)
    own: dict[str, str] | None = None  # words that the file brings, once they were read
    clock: float = field(default_factory=time.perf_counter)

    def text_for(self, detector: Detector, info: Any) -> dict[str, Any]:
        """The words that go with the file, where they are from, and whether this detector reads them; those that were
        given come first."""
        reads = "text" in getattr(detector.network, "parts", ())
        if self.request.text:
            return {"words": self.request.text, "source": GIVEN, "used": reads}
        if info.kind == "image" or not (reads or info.subtitles):
            return {}
        if self.own is None:
            self.own = self.media.words(self.path)
            self.mark_stage("words")
        return {**self.own, "used": reads} if self.own["words"] else {}

    def mark_stage(self, stage: str) -> None:
        """The time since the last mark belongs to this stage."""
        now = time.perf_counter()
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self.clock
        self.clock = now
