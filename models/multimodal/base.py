"""What all multimodal networks share: the four encoders, their sizes, masks for what is missing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn

from models import presence
from models.cards import BadOption, Output
from models.multimodal.encoders import (
    FORENSIC_PICTURE,
    FORENSIC_SOUND,
    LOGMEL,
    Tokens,
    audio_tokens,
    visual_tokens,
)
from models.multimodal.metadata import MetadataTokens, metadata_tensors
from models.multimodal.sizes import SIZES, size_for
from models.multimodal.text import BYTES, text_tokens
from models.network import ThreeParts
from models.timm_backbone import cam_layer

PARTS = ("image", "audio", "text", "metadata")
Inputs = Mapping[str, Any]
Mask = Mapping[str, torch.Tensor] | None


@dataclass(frozen=True)
class Plan:
    """The shared options of a multimodal network. `auto`, None and 0 are decided by the size."""

    size: str
    visual_encoder: str
    audio_encoder: str
    text_encoder: str
    metadata: bool | None
    width: int
    layers: int
    heads: int
    dropout: float
    speech_sizes: dict[str, Any] | None


def decide(given: Plan) -> Plan:
    """Fill in what the size decides. An encoder named `` (empty) is left out."""
    if given.size not in SIZES:
        raise BadOption(f"size {given.size!r} must be auto, {', '.join(SIZES)}")
    usual = SIZES[given.size]
    chosen = replace(
        given,
        visual_encoder=usual.visual_encoder if given.visual_encoder == "auto" else given.visual_encoder or "",
        audio_encoder=usual.audio_encoder if given.audio_encoder == "auto" else given.audio_encoder or "",
        text_encoder=usual.text_encoder if given.text_encoder == "auto" else given.text_encoder or "",
        metadata=usual.metadata if given.metadata is None else bool(given.metadata),
        width=given.width or usual.width,
        layers=given.layers or usual.layers,
        heads=given.heads or usual.heads,
    )
    if chosen.width % chosen.heads or chosen.width % 2:
        raise BadOption(f"width ({chosen.width}) must be even and a multiple of heads ({chosen.heads})")
    if not any((chosen.visual_encoder, chosen.audio_encoder, chosen.text_encoder, chosen.metadata)):
        raise BadOption("a multimodal network needs at least one encoder")
    return chosen


def encoders(plan: Plan, pretrained: bool) -> dict[str, nn.Module]:
    found: dict[str, nn.Module] = {}
    if plan.visual_encoder:
        found["image"] = visual_tokens(plan.visual_encoder, plan.width, pretrained=pretrained)
    if plan.audio_encoder:
        found["audio"] = audio_tokens(
            plan.audio_encoder, plan.width, pretrained=pretrained, sizes=plan.speech_sizes
        )
    if plan.text_encoder:
        found["text"] = text_tokens(plan.text_encoder, plan.width, pretrained=pretrained)
    if plan.metadata:
        found["metadata"] = MetadataTokens(plan.width)
    return found


def card_changes(plan: Plan) -> dict[str, Any]:
    """How this size is trained, and what the forensic encoders want: unresized crops, and no weights to
    load."""
    usual = SIZES[plan.size]
    found: dict[str, Any] = {
        "batch": usual.batch,
        "precision": usual.precision,
        "accumulation": usual.accumulation,
    }
    if plan.size == "forensic":
        found.update(size=96, frames=4)
    if plan.visual_encoder == FORENSIC_PICTURE:
        found.update(resize="native", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    learned = (plan.visual_encoder or FORENSIC_PICTURE, plan.audio_encoder or FORENSIC_SOUND)
    if learned == (FORENSIC_PICTURE, FORENSIC_SOUND) and plan.text_encoder in ("", BYTES):
        found.update(pretrained="")
    return found


def heat_map_layer(plan: Plan) -> str | None:
    """The layer that heat maps are drawn from: of the picture where it is seen, else of the sound."""
    if plan.visual_encoder == FORENSIC_PICTURE:
        return "encoder.image.backbone.local"
    if plan.visual_encoder:
        return f"encoder.image.backbone.backbone.{cam_layer(plan.visual_encoder)}"
    if plan.audio_encoder == FORENSIC_SOUND:
        return "encoder.audio.backbone.local"
    if plan.audio_encoder.startswith(LOGMEL):
        return f"encoder.audio.backbone.{cam_layer(plan.audio_encoder.removeprefix(LOGMEL))}"
    return None


class Multimodal(ThreeParts):
    """`inputs` is a dictionary with any of image (batch, frames, 3, H, W), audio (batch, samples), text, metadata.

    `mask` says what is present: modality -> (batch,) bool, and `image_frames` (batch, frames). A modality that is
    not among the inputs is absent for the whole batch; what is absent never reaches an encoder.
    """

    backbones: tuple[str, ...]

    def __init__(
        self,
        *,
        pretrained: bool = False,
        size: str = "tiny",
        memory_gb: float | None = None,
        visual_encoder: str = "auto",
        audio_encoder: str = "auto",
        text_encoder: str = "auto",
        metadata: bool | None = None,
        width: int = 0,
        layers: int = 0,
        heads: int = 0,
        dropout: float = 0.1,
        speech_sizes: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        given = Plan(
            size=size_for(memory_gb) if size == "auto" else size,
            visual_encoder=visual_encoder,
            audio_encoder=audio_encoder,
            text_encoder=text_encoder,
            metadata=metadata,
            width=width,
            layers=layers,
            heads=heads,
            dropout=dropout,
            speech_sizes=speech_sizes,
        )
        plan = decide(given)
        self.options: dict[str, Any] = asdict(plan)  # every `auto` decided: the same network on any machine
        self.width = plan.width
        self.encoder = nn.ModuleDict(encoders(plan, pretrained))
        self.backbones = tuple(
            f"encoder.{part}.backbone" for part, found in self.encoder.items() if hasattr(found, "backbone")
        )
        self.card_changes = card_changes(plan)
        if layer := heat_map_layer(plan):
            self.cam_layer = layer
        self.assemble(plan)

    @abstractmethod
    def assemble(self, plan: Plan) -> None:
        """Build `aggregation` and `head`."""

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.encoder)

    def text_tensors(self, texts: Sequence[str | None]) -> dict[str, torch.Tensor] | None:
        """Texts as this network reads them; nothing where it has no text encoder."""
        return self.encoder["text"].tokenize(texts) if "text" in self.encoder else None

    def metadata_tensors(self, rows: Sequence[Mapping[str, Any] | None]) -> dict[str, torch.Tensor] | None:
        return metadata_tensors(rows) if "metadata" in self.encoder else None

    def tokens(self, inputs: Inputs, mask: Mask = None) -> dict[str, Tokens]:
        """Tokens of each modality that is in the batch, and which of them are present."""
        mask = mask or {}
        found = {}
        for part in self.parts:
            value = inputs.get(part)
            if value is None:
                continue
            batch, device = batch_of(value)
            there = mask.get(part)
            there = (
                everywhere((batch,), device) if there is None else presence.apply(torch.Tensor.bool, there)
            )
            if bool(presence.known(there).any()):
                found[part] = self._present_tokens(part, value, there, mask.get("image_frames"))
        return found

    def _present_tokens(
        self, part: str, value: Any, there: torch.Tensor, frames: torch.Tensor | None
    ) -> Tokens:
        """Encode the samples that have this modality, and put them back in their places."""
        rows = presence.places(there)
        chosen = take(value, rows)
        if part != "image":
            here = everywhere((len(rows),), rows.device)
        elif frames is None:
            here = everywhere(tuple(chosen.shape[:2]), rows.device)
        else:
            frames = presence.apply(torch.Tensor.bool, frames)
            here = presence.tie(frames[rows], presence.known(frames)[presence.known(there).cpu()])
        tokens, present = self.encoder[part](chosen, here)
        if len(rows) == len(there):
            return tokens, present
        return in_their_places(there, tokens), presence.apply(in_their_places, there, present)

    def summaries(
        self, found: dict[str, Tokens], like: Inputs
    ) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """The mean of the present tokens of each modality (batch, width), and who has it (batch,)."""
        batch, device = next(batch_of(value) for value in like.values() if value is not None)
        result = {}
        for part in self.parts:
            if part not in found:
                empty = torch.zeros(batch, self.width, device=device)
                result[part] = (empty, presence.apply(torch.logical_not, everywhere((batch,), device)))
                continue
            tokens, present = found[part]
            share = present.unsqueeze(-1).to(tokens.dtype)
            mean = (tokens * share).sum(1) / share.sum(1).clamp(min=1)
            result[part] = (mean, presence.apply(lambda mask: mask.any(1), present))
        return result

    def forward(self, inputs: Inputs, mask: Mask = None, *, details: bool = False) -> torch.Tensor | Output:
        output = self.fuse(inputs, mask)
        return output if details else output.logits

    def embed(self, inputs: Inputs, mask: Mask = None) -> torch.Tensor:
        return self.fuse(inputs, mask).embedding

    @abstractmethod
    def fuse(self, inputs: Inputs, mask: Mask) -> Output:
        """Logits and embedding of what is present."""


def batch_of(value: Any) -> tuple[int, torch.device]:
    tensor = value if isinstance(value, torch.Tensor) else next(iter(value.values()))
    return tensor.shape[0], tensor.device


def everywhere(shape: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """A mask that hides nothing."""
    there = torch.ones(shape, dtype=torch.bool, device="cpu")
    return presence.tie(torch.ones_like(there, device=device), there)


def in_their_places(there: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """The rows where `there` is true, zero elsewhere."""
    return rows.new_zeros(len(there), *rows.shape[1:]).index_copy(0, presence.places(there), rows)


def take(value: Any, rows: torch.Tensor) -> Any:
    if isinstance(value, torch.Tensor):
        return value[rows]
    return {name: tensor[rows] for name, tensor in value.items()}
