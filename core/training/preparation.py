"""Before the first step: the files that the cache lacks are prepared, in sight of everybody, on all
processors."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from tqdm import tqdm

from core.errors import WorkbenchError
from core.media import prepare_many
from core.media.prepare_many import Asked
from core.progress import Clock, Pace
from core.training import embeddings
from core.training.learner import Context
from core.training.process import cores
from core.training.setup import Setup

log = logging.getLogger(__name__)

LOG_EVERY = 15.0  # seconds


def prepare_inputs(setup: Setup, context: Context, report: Callable[[Pace | None], None]) -> bool:
    """Fill the cache with what this run reads; ranks share the work. False where it was asked to stop.

    `report` hears how far it is, and None at the end. A set that does not fit into the cache is left to the readers:
    filling it would throw out at one end what comes in at the other.
    """
    ranks = context.ranks
    files = ranks.gather(files_of(setup) if ranks.first else [])[0]
    lacking = ranks.gather(prepare_many.missing(files, setup.space) if ranks.first else [])[0]
    if not lacking:
        return not ranks.any(context.stop_requested())
    own = lacking[ranks.rank :: ranks.world]
    run = _Run(len(lacking), ranks.world, context, report)
    if ranks.first:
        log.info("%s; %s are in the cache", run.clock.pace, f"{len(files) - len(lacking):,}")
    try:
        tried = prepare_many.tried_first(own)
        if run.fill(tried, setup):
            if why := prepare_many.too_large(tried, len(files), setup.space):
                log.warning("not all is prepared beforehand, and every epoch decodes files anew: %s", why)
            else:
                first = {file for _, file in tried}
                run.fill([asked for asked in own if asked[1] not in first], setup)
        run.finish()
    finally:
        report(None)
    return not ranks.any(run.stopped)


def files_of(setup: Setup) -> list[Asked]:
    """All files of the run's splits, but for those whose embeddings are kept."""
    splits = ["train", "val", *(["test"] if setup.config.score_test else [])]
    if setup.tune == "head":
        splits = [split for split in splits if not embeddings.are_kept(setup, split)]
    files = [file for split in splits for file in setup.source(split).files]
    return [(setup.recipe, file) for file in dict.fromkeys(files)]


class _Run:
    """One rank's preparing. The first rank speaks for all, whose shares are as large as its own."""

    def __init__(
        self, total: int, world: int, context: Context, report: Callable[[Pace | None], None]
    ) -> None:
        self.clock, self.world, self.context, self.report = Clock(total), world, context, report
        self.stopped, self.failed = False, 0
        self._spoke = time.monotonic()
        self._bar: tqdm[Any] = tqdm(
            total=total, desc="preparing", unit="file", disable=not context.bars, leave=False
        )

    def fill(self, files: Sequence[Asked], setup: Setup) -> bool:
        """False where it was asked to stop."""
        self.report(self.clock.pace)
        for _, answer in prepare_many.fill(files, cores.available(), setup.space, self._asked):
            self.failed += isinstance(answer, WorkbenchError)
            pace = self.clock.one_more(self.world)
            self._bar.update(self.world)
            self.report(pace)
            if time.monotonic() - self._spoke > LOG_EVERY and self.context.ranks.first:
                self._spoke = time.monotonic()
                log.info("%s", pace)
        return not self._asked()

    def _asked(self) -> bool:
        self.stopped = self.stopped or self.context.stop_requested()
        return self.stopped

    def finish(self) -> None:
        self._bar.close()
        pace = self.clock.pace
        if self.context.ranks.first:
            log.info(
                "prepared %s files in %.0f s (%.1f a second), %d cannot be used",
                f"{pace.done:,}",
                pace.seconds,
                pace.rate or 0.0,
                self.failed,
            )
