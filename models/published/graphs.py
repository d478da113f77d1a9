"""The parts that AASIST (arXiv 2110.01200) and the networks with its back end share: a map becomes two graphs, then a readout.

map (64, bands, steps) ─▶ bands (bands, 64) ─graph, pool─┐
                        ─▶ steps (steps, 64) ─graph, pool─┴▶ two stacks of mixed graphs ─max─▶ readout (5 x width)
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Residual(nn.Module):
    """Two convolutions over bands and time. The published network never uses what `bn1` gives: nor does this."""

    def __init__(self, inputs: int, outputs: int, *, first: bool, shorten: int = 3) -> None:
        super().__init__()
        self.shorten = shorten  # steps that become one
        if not first:
            self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, (2, 3), padding=(1, 1))
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, (2, 3), padding=(0, 1))
        self.conv_downsample = (
            nn.Conv2d(inputs, outputs, (1, 3), padding=(0, 1)) if inputs != outputs else nn.Identity()
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        inner = self.conv2(functional.selu(self.bn2(self.conv1(maps))))
        added = inner + self.conv_downsample(maps)
        return functional.max_pool2d(added, (1, self.shorten)) if self.shorten > 1 else added


def residuals(widths: list[int], *, shorten: int = 3) -> nn.Sequential:
    """The blocks under their published names: encoder.0.0, encoder.1.0, …"""
    steps = zip([1, *widths], widths, strict=False)
    return nn.Sequential(
        *(nn.Sequential(Residual(a, b, first=i == 0, shorten=shorten)) for i, (a, b) in enumerate(steps))
    )


def normed(norm: nn.BatchNorm1d, nodes: torch.Tensor) -> torch.Tensor:
    return norm(nodes.flatten(0, 1)).unflatten(0, nodes.shape[:2])


class Graph(nn.Module):
    """Every node takes in all others, weighted by a small network over the product of both."""

    def __init__(self, inputs: int, outputs: int, temperature: float) -> None:
        super().__init__()
        self.att_proj = nn.Linear(inputs, outputs)
        self.att_weight = nn.Parameter(torch.zeros(outputs, 1))
        self.proj_with_att = nn.Linear(inputs, outputs)
        self.proj_without_att = nn.Linear(inputs, outputs)
        self.bn = nn.BatchNorm1d(outputs)
        self.temperature = temperature

    def forward(self, nodes: torch.Tensor) -> torch.Tensor:  # (batch, nodes, inputs)
        pairs = torch.tanh(self.att_proj(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        share = (pairs @ self.att_weight / self.temperature).softmax(-2).squeeze(-1)
        taken = self.proj_with_att(share @ nodes) + self.proj_without_att(nodes)
        return functional.selu(normed(self.bn, taken))


class MixedGraph(nn.Module):
    """Two kinds of nodes in one graph, with weights for each kind of pair, and a master node that sees all."""

    def __init__(self, inputs: int, outputs: int, temperature: float) -> None:
        super().__init__()
        self.proj_type1, self.proj_type2 = nn.Linear(inputs, inputs), nn.Linear(inputs, inputs)
        self.att_proj, self.att_projM = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)
        for kind in ("11", "22", "12", "M"):
            self.register_parameter(f"att_weight{kind}", nn.Parameter(torch.zeros(outputs, 1)))
        self.proj_with_att, self.proj_without_att = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)
        self.proj_with_attM, self.proj_without_attM = nn.Linear(inputs, outputs), nn.Linear(inputs, outputs)
        self.bn = nn.BatchNorm1d(outputs)
        self.temperature = temperature

    def forward(
        self, first: torch.Tensor, second: torch.Tensor, master: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        count = first.shape[1]
        nodes = torch.cat([self.proj_type1(first), self.proj_type2(second)], dim=1)
        pairs = torch.tanh(self.att_proj(nodes.unsqueeze(2) * nodes.unsqueeze(1)))
        top = torch.cat(
            [pairs[:, :count, :count] @ self.att_weight11, pairs[:, :count, count:] @ self.att_weight12], 2
        )
        low = torch.cat(
            [pairs[:, count:, :count] @ self.att_weight12, pairs[:, count:, count:] @ self.att_weight22], 2
        )
        share = (torch.cat([top, low], 1) / self.temperature).softmax(-2).squeeze(-1)
        seen = torch.tanh(self.att_projM(nodes * master)) @ self.att_weightM / self.temperature
        master = self.proj_with_attM(seen.softmax(-2).transpose(1, 2) @ nodes) + self.proj_without_attM(
            master
        )
        taken = self.proj_with_att(share @ nodes) + self.proj_without_att(nodes)
        taken = functional.selu(normed(self.bn, taken))
        return taken[:, :count], taken[:, count:], master


class Pool(nn.Module):
    """Keeps the share of nodes that a learned score ranks highest, each weighted by its score."""

    def __init__(self, width: int, share: float) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 1)
        self.share = share

    def forward(self, nodes: torch.Tensor) -> torch.Tensor:
        scores = torch.sigmoid(self.proj(nodes))  # (batch, nodes, 1)
        kept = scores.topk(max(int(nodes.shape[1] * self.share), 1), dim=1).indices
        return (nodes * scores).gather(1, kept.expand(-1, -1, nodes.shape[2]))


class GraphReadout(nn.Module):
    """Both graphs, the two stacks over them and the readout, under the published names. A subclass makes the map."""

    def add_graphs(
        self, wide: int, graphs: list[int], pools: list[float], temperatures: list[float], bands: int
    ) -> None:
        node, mixed = graphs
        self.pos_S = nn.Parameter(torch.zeros(1, bands, wide))
        self.master1, self.master2 = (nn.Parameter(torch.zeros(1, 1, node)) for _ in range(2))
        self.GAT_layer_S = Graph(wide, node, temperatures[0])
        self.GAT_layer_T = Graph(wide, node, temperatures[1])
        self.pool_S, self.pool_T = Pool(node, pools[0]), Pool(node, pools[1])
        for stack in "12":
            setattr(self, f"HtrgGAT_layer_ST{stack}1", MixedGraph(node, mixed, temperatures[2]))
            setattr(self, f"HtrgGAT_layer_ST{stack}2", MixedGraph(mixed, mixed, temperatures[2]))
            setattr(self, f"pool_hS{stack}", Pool(mixed, pools[2]))
            setattr(self, f"pool_hT{stack}", Pool(mixed, pools[2]))
        self.out_layer = nn.Linear(5 * mixed, 2)

    def readout(self, by_band: torch.Tensor, by_step: torch.Tensor) -> torch.Tensor:
        """(batch, bands, wide) and (batch, steps, wide) -> (batch, 2)."""
        spectral = self.GAT_layer_S(by_band + self.pos_S)
        pooled = self.pool_T(self.GAT_layer_T(by_step)), self.pool_S(spectral)
        times, bands, master = (
            torch.maximum(a, b)
            for a, b in zip(self._stack("1", *pooled), self._stack("2", *pooled), strict=True)
        )
        parts = [times.abs().amax(1), times.mean(1), bands.abs().amax(1), bands.mean(1), master.squeeze(1)]
        return self.out_layer(torch.cat(parts, dim=1))

    def _stack(self, number: str, times: torch.Tensor, bands: torch.Tensor) -> tuple[torch.Tensor, ...]:
        master = getattr(self, f"master{number}").expand(len(times), -1, -1)
        times, bands, master = getattr(self, f"HtrgGAT_layer_ST{number}1")(times, bands, master)
        times, bands = getattr(self, f"pool_hT{number}")(times), getattr(self, f"pool_hS{number}")(bands)
        more = getattr(self, f"HtrgGAT_layer_ST{number}2")(times, bands, master)
        return tuple(a + b for a, b in zip((times, bands, master), more, strict=True))
