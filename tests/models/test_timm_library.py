"""Networks are built without torch's compiler, and the compiler is there for whoever wants it."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
import torch
import models
from models import timm_library

network = models.create("mobilenetv3_small").eval()
network(torch.zeros(1, 3, 64, 64))
assert "timm" in sys.modules and "torchvision" in sys.modules
assert not [name for name in sys.modules if name.startswith(("torch._dynamo", "sympy"))]
assert torch.compiler.disable.__module__ == "torch.compiler"
{then}
"""


def run(then: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(then=then)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.long
def test_the_compiler_comes_when_it_is_asked_for() -> None:
    run("""
compiled = torch.compile(network, backend="eager")
x = torch.rand(1, 3, 64, 64)
torch.testing.assert_close(compiled(x), network(x))
from timm.models.naflexvit import NaFlexRopeIterator
import torch._dynamo.utils
assert torch._dynamo.utils.counters is not None
from torchvision.ops import roi_align
torch.use_deterministic_algorithms(True)
boxes = [torch.tensor([[0.0, 0.0, 4.0, 4.0]])]
assert roi_align(torch.rand(1, 3, 8, 8), boxes, 2).shape == (1, 3, 2, 2)
""")


@pytest.mark.long
def test_whoever_imports_it_meanwhile_gets_the_compiler_itself() -> None:
    run("""
with timm_library.compiler_later():
    from torch._dynamo.utils import counters
import torch._dynamo.utils as utils
assert utils.counters is counters and utils.__file__
assert utils.is_compile_supported("cpu") in (True, False)
""")
