"""What stands beside the fusion transformer, so that its parts can be judged: one encoder, one combination
each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models import presence
from models.cards import BadOption, ModelCard, ModelOption, Output
from models.multimodal.asked_options import ASKED, PICTURE_ALONE, PICTURE_AND_SOUND, SOUND_ALONE
from models.multimodal.base import Inputs, Mask, Multimodal, Plan
from models.multimodal.encoders import Tokens
from models.multimodal.fusion import CrossAttention
from models.registry import register

COMBINATIONS = ("average", "learned")
COMBINATION = ModelOption(
    "How the scores are joined",
    "Picture, sound and text are judged each by itself. Their scores are averaged, or the network learns how much each of "
    "them counts.",
    (("average", "average"), ("learned", "learned weights")),
)


class EarlyFusion(Multimodal):
    """The modalities' mean features side by side, then a small network; what is missing has a learned
    stand-in."""

    def assemble(self, plan: Plan) -> None:
        self.aggregation = Concatenation(self.parts, plan.width)
        self.head = small_head(len(self.parts) * plan.width, plan)

    def fuse(self, inputs: Inputs, mask: Mask) -> Output:
        found = self.tokens(inputs, mask)
        summaries = self.summaries(found, inputs)
        embedding = self.aggregation(summaries)
        units = self.aggregation.per_unit(summaries, found)
        return Output(self.head(embedding), embedding, self.head(units))


class Concatenation(nn.Module):
    def __init__(self, parts: tuple[str, ...], width: int) -> None:
        super().__init__()
        self.absent = nn.ParameterDict({part: torch.randn(width) * 0.02 for part in parts})

    def forward(self, summaries: dict[str, tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        rows = [
            torch.where(there.unsqueeze(1), feature, self.absent[part].to(feature.dtype))
            for part, (feature, there) in summaries.items()
        ]
        return torch.cat(rows, 1)

    def per_unit(
        self, summaries: dict[str, tuple[torch.Tensor, torch.Tensor]], found: dict[str, Tokens]
    ) -> torch.Tensor:
        """The embedding that each frame (or step of sound) alone would give beside the other modalities."""
        if not found:
            return self(summaries).unsqueeze(1)
        part, (tokens, present) = next(iter(found.items()))
        rows = [self({**summaries, part: (tokens[:, i], present[:, i])}) for i in range(tokens.shape[1])]
        return torch.stack(rows, 1)


class LateFusion(Multimodal):
    """A score from each modality alone, combined: their average, or with learned weights, over those
    present."""

    def __init__(self, *, combination: str = "average", **options: Any) -> None:
        if combination not in COMBINATIONS:
            raise BadOption(f"combination {combination!r} must be one of {', '.join(COMBINATIONS)}")
        self.combination = combination
        super().__init__(**options)
        self.options["combination"] = combination

    def assemble(self, plan: Plan) -> None:
        heads = {part: small_head(plan.width, plan) for part in self.parts}
        self.aggregation = ScoreCombination(heads, learned=self.combination == "learned")
        self.head = SumOfScores()

    def fuse(self, inputs: Inputs, mask: Mask) -> Output:
        weighted, scores = self.aggregation(self.summaries(self.tokens(inputs, mask), inputs))
        return Output(
            self.head(weighted), weighted, torch.stack(list(scores.values()), 1), add_prefix(scores)
        )


class ScoreCombination(nn.Module):
    """(batch, modalities x 2): each modality's logits times its share; absent ones have none."""

    def __init__(self, heads: dict[str, nn.Module], *, learned: bool) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(heads)
        self.weights = nn.Parameter(torch.zeros(len(heads)), requires_grad=learned)

    def forward(
        self, summaries: dict[str, tuple[torch.Tensor, torch.Tensor]]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        scores = {part: self.heads[part](feature) for part, (feature, _) in summaries.items()}
        there = torch.stack([there for _, there in summaries.values()], 1)  # (batch, modalities)
        share = self.weights.float().expand(len(there), -1).masked_fill(~there, -1e4).softmax(1) * there
        rows = [score * share[:, i : i + 1].to(score.dtype) for i, score in enumerate(scores.values())]
        return torch.cat(rows, 1), scores


class SumOfScores(nn.Module):
    """(…, modalities x 2) -> (…, 2); one pair alone passes through."""

    def forward(self, weighted: torch.Tensor) -> torch.Tensor:
        return weighted.unflatten(-1, (-1, 2)).sum(-2)


class Contrastive(Multimodal):
    """Sound and picture in one space, pulled together where they belong together; the head looks at how they differ.

    `extras` holds audio_embedding and video_embedding, of length one, for the contrastive objective, and who has both.
    """

    def assemble(self, plan: Plan) -> None:
        missing = [part for part in ("image", "audio") if part not in self.parts]
        if missing:
            raise BadOption(f"contrastive needs a {missing[0]} encoder")
        self.aggregation = Alignment(plan.width)
        self.head = small_head(4 * plan.width + 2, plan)

    def fuse(self, inputs: Inputs, mask: Mask) -> Output:
        found = self.tokens(inputs, mask)
        summaries = self.summaries(found, inputs)
        embedding, video, audio = self.aggregation(summaries["image"], summaries["audio"])
        units = embedding.unsqueeze(1)
        if "image" in found:
            tokens, present = found["image"]
            rows = [
                self.aggregation((tokens[:, i], present[:, i]), summaries["audio"])[0]
                for i in range(tokens.shape[1])
            ]
            units = torch.stack(rows, 1)
        both = presence.apply(torch.logical_and, summaries["image"][1], summaries["audio"][1])
        extras = {"audio_embedding": audio, "video_embedding": video, "both_present": both}
        return Output(self.head(embedding), embedding, self.head(units), extras)


class Alignment(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.video = nn.Linear(width, width)
        self.audio = nn.Linear(width, width)

    def forward(
        self, image: tuple[torch.Tensor, torch.Tensor], sound: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What the head sees, and the two unit vectors; an absent side is zero and says so in the last
        two."""
        video = functional.normalize(self.video(image[0]), dim=1) * image[1].unsqueeze(1)
        audio = functional.normalize(self.audio(sound[0]), dim=1) * sound[1].unsqueeze(1)
        there = torch.stack([image[1], sound[1]], 1).to(video.dtype)
        seen = torch.cat([video, audio, video * audio, (video - audio).abs(), there], 1)
        return seen, video, audio


class SingleModality(CrossAttention):
    """One encoder alone: `image` judges each frame and averages, `video` lets frames attend to each other."""

    def __init__(
        self,
        modality: str,
        *,
        pretrained: bool = False,
        size: str = "tiny",
        memory_gb: float | None = None,
        encoder: str = "auto",
        width: int = 0,
        layers: int = 0,
        heads: int = 0,
        dropout: float = 0.1,
        speech_sizes: dict[str, Any] | None = None,
    ) -> None:
        self.alone = modality
        sound = modality == "audio"
        super().__init__(
            pretrained=pretrained,
            size=size,
            memory_gb=memory_gb,
            visual_encoder="" if sound else encoder,
            audio_encoder=encoder if sound else "",
            text_encoder="",
            metadata=False,
            width=width,
            layers=layers,
            heads=heads,
            dropout=dropout,
            speech_sizes=speech_sizes,
        )
        decided = self.options
        shared = ("size", "width", "layers", "heads", "dropout", "speech_sizes")
        self.options = {name: decided[name] for name in shared}
        self.options["encoder"] = decided["audio_encoder" if sound else "visual_encoder"]

    def assemble(self, plan: Plan) -> None:
        super().assemble(replace(plan, layers=0) if self.alone == "image" else plan)


def small_head(width: int, plan: Plan) -> nn.Module:
    return nn.Sequential(
        nn.Linear(width, plan.width), nn.ReLU(), nn.Dropout(plan.dropout), nn.Linear(plan.width, 2)
    )


def add_prefix(scores: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{part}_logits": score for part, score in scores.items()}


def preset(
    name: str,
    about: str,
    builder: Any,
    asked: Mapping[str, ModelOption] = ASKED,
    cam_layer: str = "encoder.image.backbone.backbone.blocks",
    objectives: dict[str, float] | None = None,
) -> None:
    model_card = ModelCard(
        name=name,
        modality="multimodal",
        about=about,
        source="baseline beside the fusion transformer; encoders as there",
        size=112,
        frames=8,
        cam_layer=cam_layer,
        pretrained="mobilenetv3_small_050.lamb_in1k",
        learning_rate=1e-3,
        objectives=objectives or {},
    )
    register(model_card, asked)(builder)


preset("early_fusion", "features of all modalities side by side", EarlyFusion)
preset(
    "late_fusion",
    "scores of the modalities averaged or combined with learned weights",
    LateFusion,
    ASKED | {"combination": COMBINATION},
)
preset(
    "contrastive",
    "sound and picture aligned; the head sees how they differ",
    Contrastive,
    PICTURE_AND_SOUND,
    objectives={"contrastive": 0.2},
)
preset(
    "image_only", "frames judged one by one, sound unheard", partial(SingleModality, "image"), PICTURE_ALONE
)
preset(
    "video_only",
    "frames attend to each other, sound unheard",
    partial(SingleModality, "video"),
    PICTURE_ALONE,
)
preset(
    "audio_only",
    "the sound alone, frames unseen",
    partial(SingleModality, "audio"),
    SOUND_ALONE,
    "encoder.audio.backbone.blocks",
)
