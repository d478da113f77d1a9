"""How a form asks for the options that the multimodal networks share."""

from __future__ import annotations

from models.cards import ModelOption
from models.multimodal.encoders import FORENSIC_PICTURE, FORENSIC_SOUND
from models.multimodal.text import BYTES, SENTENCE_DEFAULT

AS_SIZE = "as the size says"
AUTO, LEFT_OUT = ("auto", AS_SIZE), ("", "left out")
PICTURE = (
    (FORENSIC_PICTURE, "Forensic residual"),
    ("mobilenetv3_small_050.lamb_in1k", "MobileNetV3-small, half width"),
    ("resnet50.a1_in1k", "ResNet-50"),
    ("vit_base_patch16_224.augreg2_in21k_ft_in1k", "ViT-B/16"),
)
SOUND = (
    (FORENSIC_SOUND, "Forensic sound"),
    ("logmel:mobilenetv3_small_050.lamb_in1k", "Log-mel MobileNetV3-small, half width"),
    ("wav2vec2_base", "wav2vec 2.0 base"),
    ("wav2vec2_large", "wav2vec 2.0 large"),
    ("wav2vec2_xlsr_300m", "wav2vec 2.0 XLS-R 300M"),
)
SIZES = (
    ("forensic", "forensic: learns from little data"),
    ("tiny", "tiny: for a processor"),
    ("small", "small: for a GPU of up to 16 GB"),
    ("large", "large: for a GPU of more than 16 GB"),
)
SIZE_HELP = (
    "Decides the encoders, the width and the layers, as far as they are not chosen here one by one, and how many clips "
    "one step takes."
)
VISUAL_HELP = "What looks at each frame. Any other name of the library timm may be typed."
AUDIO_HELP = (
    "What hears the sound. A network of the library timm may be typed as well, as logmel: with its name behind the colon; "
    "it then sees the sound as a spectrogram."
)

SHARED = {
    "size": ModelOption(
        "Size of the network",
        SIZE_HELP,
        (("auto", "by the memory of the device"), *SIZES),
    ),
    "memory_gb": ModelOption(
        "Memory of the device (GB)",
        "Only where the size goes by the memory of the device: up to 16 GB gives the small network, more the large one. "
        "Empty asks the first GPU of this machine; a run on the CPU gets the small network.",
        low=1.0,
        high=1024.0,
        empty="as the GPU has",
    ),
    "width": ModelOption(
        "Width",
        "How many numbers stand for one frame or one piece of sound. It must be even and a multiple of the attention "
        "heads.",
        low=2,
        high=4096,
        empty=AS_SIZE,
    ),
    "layers": ModelOption(
        "Layers of the transformer",
        "How often picture and sound are compared, one time after another. More layers need more data.",
        low=1,
        high=48,
        empty=AS_SIZE,
    ),
    "heads": ModelOption(
        "Attention heads",
        "How many comparisons each layer makes side by side. The width must be a multiple of them.",
        low=1,
        high=64,
        empty=AS_SIZE,
    ),
}
ENCODERS = {
    "visual_encoder": ModelOption(
        "Encoder of the picture", VISUAL_HELP, (AUTO, LEFT_OUT, *PICTURE), open=True
    ),
    "audio_encoder": ModelOption("Encoder of the sound", AUDIO_HELP, (AUTO, LEFT_OUT, *SOUND), open=True),
    "text_encoder": ModelOption(
        "Encoder of the text",
        "What reads the texts that the datasets bring with their clips, such as transcripts. Letters needs no "
        "pre-trained weights. Where no clip has a text it is left out by itself. Any other sentence-transformer may be "
        "typed.",
        (AUTO, LEFT_OUT, (BYTES, "letters, learned from nothing"), (SENTENCE_DEFAULT, "MiniLM sentences")),
        open=True,
    ),
    "metadata": ModelOption(
        "Facts of the file",
        "Whether the network is told the codec, the container, the resolution and the like. They may give the class away "
        "in a dataset and mean nothing elsewhere.",
        ((None, AS_SIZE), (True, "seen"), (False, "left out")),
    ),
}
ASKED = SHARED | ENCODERS
PICTURE_ALONE = SHARED | {
    "encoder": ModelOption("Encoder of the picture", VISUAL_HELP, (AUTO, *PICTURE), open=True)
}
SOUND_ALONE = SHARED | {"encoder": ModelOption("Encoder of the sound", AUDIO_HELP, (AUTO, *SOUND), open=True)}
PICTURE_AND_SOUND = ASKED | {
    "visual_encoder": ModelOption("Encoder of the picture", VISUAL_HELP, (AUTO, *PICTURE), open=True),
    "audio_encoder": ModelOption("Encoder of the sound", AUDIO_HELP, (AUTO, *SOUND), open=True),
}
