"""wav2vec 2.0 encoders of torchaudio with attentive pooling over layers and time."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models import weights
from models.cards import BadOption, ModelCard
from models.network import Average, Network
from models.registry import register

SHORTEST = 400  # samples: what the convolutions need for one step


class Wav2Vec2(Network):
    """`sizes` changes torchaudio's construction arguments (fewer layers, say); it has no published weights
    then."""

    backbones = ("encoder.speech",)

    def __init__(
        self,
        bundle: str,
        *,
        pretrained: bool = False,
        dropout: float = 0.1,
        sizes: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.encoder = SpeechEncoder(bundle, pretrained=pretrained, sizes=sizes)
        self.aggregation = Average()  # of one unit, the window
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.encoder.width, 2))

    def encode(self, inputs: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self.encoder(inputs).unsqueeze(1)  # (batch, samples) -> (batch, 1, width)


class SpeechEncoder(nn.Module):
    """(batch, samples) -> (batch, width): all layers weighted, then time weighted by attention."""

    def __init__(self, bundle: str, *, pretrained: bool, sizes: dict[str, Any] | None) -> None:
        super().__init__()
        self.speech, normalised = build(bundle, pretrained=pretrained, sizes=sizes or {})
        self.normalised = (
            normalised  # what the weights were trained with: each recording to zero mean, unit variance
        )
        layers = self.speech.encoder.transformer.layers
        self.width = int(layers[0].final_layer_norm.normalized_shape[0])
        self.layer_scores = nn.Parameter(torch.zeros(len(layers)))
        self.time_score = nn.Sequential(nn.Linear(self.width, 128), nn.Tanh(), nn.Linear(128, 1))

    def tokens(self, waveform: torch.Tensor) -> torch.Tensor:
        """(batch, samples) -> (batch, time, width), one token each 20 ms."""
        if waveform.shape[1] < SHORTEST:
            waveform = functional.pad(waveform, (0, SHORTEST - waveform.shape[1]))
        if self.normalised:
            waveform = functional.layer_norm(waveform, waveform.shape[1:])
        layers, _ = self.speech.extract_features(waveform)
        share = self.layer_scores.softmax(0)
        return torch.stack([functional.layer_norm(x, x.shape[-1:]) for x in layers], -1) @ share.to(
            layers[0].dtype
        )

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        tokens = self.tokens(waveform)
        share = self.time_score(tokens).float().softmax(1).to(tokens.dtype)
        return (share * tokens).sum(1)


def build(bundle: str, *, pretrained: bool, sizes: dict[str, Any]) -> tuple[nn.Module, bool]:
    """The model of a torchaudio bundle and whether it wants normalised sound."""
    import torchaudio

    known = getattr(torchaudio.pipelines, bundle)
    unknown = sorted(set(sizes) - set(known._params))
    if unknown:
        raise BadOption(
            f"{bundle} has no size {unknown[0]!r}; it has {', '.join(n for n in known._params if n != 'aux_num_out')}"
        )
    net = torchaudio.models.wav2vec2_model(**{**known._params, **sizes})
    if pretrained:
        load(net, known._path)
    return net, bool(known._normalize_waveform)


def load(net: nn.Module, file_name: str) -> None:
    """Fill the model from the folder of weights, else through torchaudio's own download and its cache."""
    stem = file_name.rsplit(".", 1)[0]
    local = weights.local_file(stem)
    url = f"https://download.pytorch.org/torchaudio/models/{file_name}"
    try:
        state = weights.read(local) if local else torch.hub.load_state_dict_from_url(url, weights_only=True)
        net.load_state_dict(state)
    except Exception as error:
        raise weights.missing(stem, file_name, "a file that fits it" if local else url, error) from error


def preset(name: str, bundle: str, about: str, file_stem: str, learning_rate: float) -> None:
    model_card = ModelCard(
        name=name,
        modality="audio",
        about=about,
        source="Baevski et al. 2020 / Babu et al. 2021; weights through torchaudio",
        pretrained=file_stem,
        learning_rate=learning_rate,
        tune="head",
    )
    register(model_card)(partial(Wav2Vec2, bundle))


preset(
    "wav2vec2_base",
    "WAV2VEC2_BASE",
    "wav2vec 2.0 base (95 M), attentive pooling over layers and time; frozen unless tuned",
    "wav2vec2_fairseq_base_ls960",
    1e-3,
)
preset(
    "wav2vec2_large",
    "WAV2VEC2_LARGE",
    "wav2vec 2.0 large (315 M), attentive pooling over layers and time; frozen unless tuned",
    "wav2vec2_fairseq_large_ls960",
    1e-3,
)
preset(
    "wav2vec2_xlsr_300m",
    "WAV2VEC2_XLSR_300M",
    "XLS-R 300M (128 languages), attentive pooling over layers and time; frozen unless tuned",
    "wav2vec2_xlsr_300m",
    1e-3,
)
