"""The detection process of a server: it is asked with JSON documents and answers with verdicts as they
grow."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from core.child_process import Messages, starter
from core.detection.exports import plain
from core.detection.request import Request
from core.memory import keep_freed
from core.priority import free_processors
from core.startup import without_collection


def main() -> None:
    messages = starter()
    keep_freed()
    from core.detection.serving import warmup

    threading.Thread(target=warmup.decoders, daemon=True).start()  # beside the imports
    with without_collection():
        import torch

        from core.detection import judgement

    _send(messages, {"stage": "ready"})
    while (task := _next(messages)) is not None:
        torch.set_num_threads(free_processors())
        if "warm" in task:
            warmup.detectors(task["warm"])
            _send(messages, {"stage": "warm"})
            threading.Thread(target=warmup.explanations, daemon=True).start()
            continue
        request = request_from(task["request"])
        verdict = judgement.detect(
            Path(task["path"]),
            task["shown"],
            request,
            stem="file",
            media=sandboxed(request.explain),
            on_progress=lambda stage, v: _send(messages, {"stage": stage, "verdict": v.to_dict()}),
            may_explain=lambda: _may_explain(messages),
        )
        _send(messages, {"stage": "done", "verdict": verdict.to_dict()})


def _may_explain(messages: Messages) -> bool:
    """The server knows who waits: it says whether heat maps are made now or later."""
    _send(messages, {"stage": "may explain"})
    answer = _next(messages) or {}
    if wanted := bool(answer.get("explain")):
        import torch

        torch.set_num_threads(free_processors())  # others may have come or gone since the verdict
    return wanted


def request_from(document: dict[str, Any]) -> Request:
    out = Path(document["out"]) if document.get("out") else None
    return Request(**{**document, "out": out, "candidates": tuple(document.get("candidates", ()))})


def sandboxed(explained: bool = True) -> Any:
    """Files are decoded in a process of their own, with limits; one that is explained gives its frames
    along."""
    from core.detection.current_file import Media
    from core.media import sandbox

    kinds: dict[Path, str] = {}
    shown: dict[Any, Any] = {}  # by recipe: another detector may be asked about the file meanwhile

    def probe(path: Path) -> Any:
        info = sandbox.run("core.media.probe:probe", path)
        kinds[path] = info.kind
        return info

    def prepare(path: Path, recipe: Any) -> Any:
        if not explained:
            return sandbox.run("core.media.prepare:prepare", path, recipe)
        read = sandbox.run("core.detection.frames:prepare_with_frames", path, recipe, kinds[path])
        shown[recipe] = read["frames"]
        return read["prepared"]

    return Media(
        probe=probe,
        prepare=prepare,
        frames=lambda path, recipe, kind: shown[recipe],
        facts=lambda path, info: sandbox.run("core.detection.facts:read", path, info),
        fingerprint=lambda path, kind: sandbox.run("core.detection.catalogue_copies:fingerprint", path, kind),
        words=lambda path: sandbox.run("core.media.subtitles:read", path),
    )


def _send(messages: Messages, document: dict[str, Any]) -> None:
    messages.send(json.dumps(plain(document), allow_nan=False).encode())


def _next(messages: Messages) -> dict[str, Any] | None:
    """What the server asks next; None once it is gone."""
    try:
        task: dict[str, Any] = json.loads(messages.receive())
    except EOFError:
        return None
    return task


if __name__ == "__main__":
    main()
