"""Readers are forked from a process that has decoded files itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import av
import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

from core.training.reading.data import prepare_worker


class Collecting(Dataset):
    """A sample that takes out the rubbish, as any sample may."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, number: int) -> int:
        gc.collect()
        return number


@pytest.fixture
def rubbish() -> Iterator[None]:
    """Frames that nobody holds, each with the threads of a scaler, which a forked process does not have."""
    gc.disable()
    for _ in range(3):
        frame = av.VideoFrame.from_ndarray(np.zeros((720, 1280, 3), np.uint8), format="rgb24")
        frame.reformat(format="yuv420p", threads=4)
        circle: list[object] = [frame]
        circle.append(circle)
    yield
    gc.enable()


def test_a_reader_leaves_alone_what_its_parent_left_behind(rubbish: None) -> None:
    """Freeing a frame joins the threads of its scaler: the reader died of a segmentation fault, or hung."""
    loader = DataLoader(Collecting(), batch_size=1, num_workers=1, worker_init_fn=prepare_worker, timeout=60)
    assert [int(batch[0]) for batch in loader] == [0, 1]
