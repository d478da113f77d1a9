"""Transcript, caption or post as tokens: a sentence-transformer, or bytes for training from scratch.

The tokenizer and the shape of a sentence-transformer travel inside the state dict, so that a run folder opens on a
machine that has never seen them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from models import weights
from models.multimodal.encoders import Tokens, places

BYTES = "bytes"
SENTENCE_DEFAULT = "sentence-transformers/all-MiniLM-L6-v2"
LONGEST = 128  # tokens of a text that are read
MINILM: dict[str, Any] = {
    "model_type": "bert",
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "vocab_size": 30_522,
}


class ByteTokens(nn.Module):
    """Bytes of UTF-8, embedded and read by one transformer layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.letters = nn.Embedding(257, width, padding_idx=0)
        self.reader = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout=0.1, batch_first=True, norm_first=True
        )

    def tokenize(self, texts: Sequence[str | None]) -> dict[str, torch.Tensor]:
        return pad([byte_ids(text) for text in texts])

    def forward(self, text: dict[str, torch.Tensor] | torch.Tensor, present: torch.Tensor) -> Tokens:
        ids, there = ids_and_mask(text)
        there = there & present.unsqueeze(1)
        ids = ids.masked_fill(~there, 0)
        tokens = self.letters(ids)
        tokens = tokens + places(ids.shape[1], tokens.shape[2], tokens)
        return self.reader(tokens, src_key_padding_mask=open_rows(there)), there


class SentenceTokens(nn.Module):
    """The token states of a sentence-transformer, projected."""

    config_json: torch.Tensor
    tokenizer_json: torch.Tensor

    def __init__(self, name: str, width: int, *, pretrained: bool) -> None:
        super().__init__()
        if pretrained:
            net, self.tokenizer = load(name)
        else:
            net, self.tokenizer = empty(MINILM), None
        self.backbone = net
        self.project = nn.Sequential(nn.Linear(net.config.hidden_size, width), nn.LayerNorm(width))
        self.register_buffer("config_json", as_bytes(json.dumps(net.config.to_dict(), default=str)))
        self.register_buffer("tokenizer_json", as_bytes(self.tokenizer.to_str() if self.tokenizer else ""))

    def tokenize(self, texts: Sequence[str | None]) -> dict[str, torch.Tensor]:
        """Without a pre-trained vocabulary a token is a byte: any numbering will do for training from
        scratch."""
        if self.tokenizer is None:
            return pad([byte_ids(text) for text in texts])
        return pad([self.tokenizer.encode(text or "").ids[:LONGEST] if text else [] for text in texts])

    def forward(self, text: dict[str, torch.Tensor] | torch.Tensor, present: torch.Tensor) -> Tokens:
        ids, there = ids_and_mask(text)
        there = there & present.unsqueeze(1)
        ids = ids.masked_fill(~there, 0)
        states = self.backbone(input_ids=ids, attention_mask=(~open_rows(there)).long()).last_hidden_state
        return self.project(states), there

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Take over the saved shape and tokenizer before the weights that need them."""
        config, tokenizer = (state_dict.get(f"{prefix}{name}_json") for name in ("config", "tokenizer"))
        if config is not None and not torch.equal(config.cpu(), self.config_json.cpu()):
            device = self.config_json.device
            self.backbone = empty(json.loads(as_text(config))).to(device).train(self.training)
            width = self.project[0].out_features
            self.project[0] = nn.Linear(self.backbone.config.hidden_size, width).to(device)
            self.config_json = torch.empty_like(config, device=device)
        if tokenizer is not None:
            self.tokenizer = tokenizer_of(as_text(tokenizer))
            self.tokenizer_json = torch.empty_like(tokenizer, device=self.tokenizer_json.device)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def text_tokens(name: str, width: int, *, pretrained: bool) -> nn.Module:
    """`bytes`, or the name of a sentence-transformer."""
    return ByteTokens(width) if name == BYTES else SentenceTokens(name, width, pretrained=pretrained)


def load(name: str) -> tuple[nn.Module, Any]:
    """Network and tokenizer of a sentence-transformer: a folder of weights, else the hub and its cache."""
    import os

    stem = name.rsplit("/", 1)[-1]
    place = weights.folder()
    local = place / stem if place is not None and (place / stem).is_dir() else None
    try:
        from sentence_transformers import SentenceTransformer

        with weights.quick_without_network():
            found = SentenceTransformer(os.fspath(local) if local else name, device="cpu")
        return found[0].auto_model.train(), tokenizer_of(found.tokenizer.backend_tokenizer.to_str())
    except Exception as error:
        origin = "files that fit it" if local else f"the files of huggingface.co/{name}"
        raise weights.missing(name, f"{stem}/", origin, error) from error


def empty(config: dict[str, Any]) -> nn.Module:
    """A transformer of this shape without weights."""
    from transformers import AutoConfig, AutoModel

    values = {
        key: value for key, value in config.items() if key not in ("model_type", "transformers_version")
    }
    return AutoModel.from_config(AutoConfig.for_model(config["model_type"], **values))


def tokenizer_of(text: str) -> Any:
    if not text:
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(text)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def byte_ids(text: str | None) -> list[int]:
    return [1 + byte for byte in (text or "").encode()[:LONGEST]]


def pad(rows: list[list[int]]) -> dict[str, torch.Tensor]:
    """Rows of ids as one block; an absent text is a row of nothing."""
    longest = max([1, *map(len, rows)])
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    there = torch.zeros(len(rows), longest, dtype=torch.bool)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        there[i, : len(row)] = True
    return {"input_ids": ids, "attention_mask": there}


def ids_and_mask(text: dict[str, torch.Tensor] | torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    if isinstance(text, torch.Tensor):
        return text, text != 0
    ids = text["input_ids"]
    return ids, text.get("attention_mask", ids != 0).bool()


def open_rows(there: torch.Tensor) -> torch.Tensor:
    """True where attention must not look; a row of nothing looks at its first place, and is dropped later."""
    blocked = ~there
    first = torch.zeros_like(blocked)
    first[:, 0] = True
    return blocked & ~(first & blocked.all(1, keepdim=True))


def as_bytes(text: str) -> torch.Tensor:
    return torch.tensor(list(text.encode()), dtype=torch.uint8, device="cpu")


def as_text(data: torch.Tensor) -> str:
    return bytes(data.cpu().tolist()).decode()
