"""Every network as training and scoring use it on a GPU, on a stand-in for one."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from core.training.learning.objectives import extra_objectives
from core.training.losses.cross_entropy import CrossEntropy
from core.training.process.arithmetic import on_device
from core.training.reading.data import Batch
from models import presence
from tests.models.small_networks import BUILT, built, inputs_for, mask_for, moved
from tests.stand_in_card import CARD, OnCard, stand_in_card


@pytest.mark.parametrize("name", BUILT)
def test_nothing_of_a_network_is_left_on_the_cpu_and_nothing_waits_for_the_card(name: str) -> None:
    plain = copy.deepcopy(built(name))
    inputs, labels = inputs_for(name), torch.tensor([0, 1])
    mask = mask_for(name, inputs)
    objectives = {"domain": 1.0, "contrastive": 1.0}
    batch = Batch([0, 1], labels, labels, {})
    with stand_in_card() as card:
        net = on_device(plain, CARD).train()
        there, masks = moved(inputs, "cuda"), None if mask is None else sent(mask)
        loss, there_labels = CrossEntropy(torch.ones(2).to("cuda")), labels.to("cuda")
        learning = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], fused=True)
        extra: Any = extra_objectives(net, objectives, 10)
        card.asked.clear()
        for given in (None, masks):
            with torch.autocast("cuda", dtype=torch.bfloat16):
                output = net(there, given, details=True)
                each = loss.each(output.logits, there_labels)
                objective = each.mean() + extra(output, batch)
            objective.backward()
        assert card.asked == []
        learning.step()
        net.eval()
        with torch.no_grad(), torch.autocast("cuda", dtype=torch.float16):
            output = net(there, masks, details=True)
        for found in (output.logits, output.embedding, output.unit_logits):
            assert isinstance(found, OnCard) and bool(found.isfinite().all())


def sent(mask: Any) -> Any:
    if isinstance(mask, dict):
        return {name: sent(value) for name, value in mask.items()}
    return presence.send(mask, "cuda")
