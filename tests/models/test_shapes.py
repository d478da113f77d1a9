"""Networks laid out without values leave the process as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.long
def test_the_filter_banks_keep_their_constants_after_a_card_was_read() -> None:
    code = """
import torch, models
models.count_parameters("wav2vec2_base")
from torchaudio.compliance.kaldi import fbank
assert torch.isfinite(fbank(torch.randn(1, 16000))).all()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
