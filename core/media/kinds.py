"""What a file is by the ending of its name; decoding says what it is in truth."""

from __future__ import annotations

KINDS = {
    **dict.fromkeys(
        ("jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "gif", "avif", "heic", "heif"), "image"
    ),
    **dict.fromkeys(
        ("wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "wma", "aif", "aiff"), "audio"
    ),
    **dict.fromkeys(("mp4", "avi", "mov", "mkv", "webm", "m4v", "mpg", "mpeg", "wmv", "flv", "3gp"), "video"),
}
SHARD = "shard"  # a file that holds many samples
TAR_ENDINGS = (".tar", ".tgz", ".tar.gz")
SHARD_ENDINGS = (".parquet", *TAR_ENDINGS)


def is_shard(name: str) -> bool:
    return name.lower().endswith(SHARD_ENDINGS)


def is_tar(name: str) -> bool:
    return name.lower().endswith(TAR_ENDINGS)
