"""Content Credentials (C2PA): the manifest's hashes and signature are checked, and who signed is looked up in the trust list.

trusted   the content is as it was signed, by somebody on the trust list here
valid     the content is as it was signed, by somebody who is not on it (anyone can make a certificate)
invalid   the content or the manifest was changed after signing, or the signature does not hold
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.detection.provenance import trust
from core.media import shards
from core.workspace import Workspace

AI_SOURCES = (
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "algorithmicMedia",
    "trainedAlgorithmicData",
)
# What a verified answer must not depend on: nothing is asked of the network.
OFFLINE = {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False}
MOST_PROBLEMS = 10
MOST_INGREDIENTS = 20
Json = dict[str, Any]


def read_credentials(path: Path, space: Workspace | None = None) -> Json | None:
    """What the active manifest says and whether it holds; None where the file carries none."""
    import c2pa

    anchors = trust.anchors(space)
    settings: Json = {"verify": dict(OFFLINE)}
    if anchors:
        settings["trust"] = {"trust_anchors": anchors}
    try:
        with (
            shards.reader(path) as file,
            c2pa.Reader("", file, context=c2pa.Context.from_dict(settings)) as reader,
        ):
            state, document = reader.get_validation_state(), json.loads(reader.json())
    except c2pa.C2paError as error:
        return _unreadable(str(error))
    return _summary(str(state or "").casefold(), document, trusting=bool(anchors))


def _unreadable(why: str) -> Json | None:
    """A file without credentials, or of a kind that carries none, has none; what is damaged says so."""
    kind = why.split(":", 1)[0]
    if kind in ("ManifestNotFound", "NotSupported") or "unsupported type" in why.casefold():
        return None
    return {"present": True, "verified": False, "state": "invalid", "damaged": " ".join(why.split())[:300]}


def _summary(state: str, document: Mapping[str, Any], *, trusting: bool) -> Json:
    manifests = document.get("manifests") or {}
    active = manifests.get(document.get("active_manifest")) or {}
    signed = active.get("signature_info") or {}
    actions = list(_actions(active))
    sources = sorted({_last(a.get("digitalSourceType")) for a in actions} - {""})
    everywhere = {_last(a.get("digitalSourceType")) for m in manifests.values() for a in _actions(m)}
    return {
        "present": True,
        "verified": state in ("valid", "trusted"),
        "trusted": state == "trusted",
        "state": state or "invalid",
        "trust_list": trusting,
        "issuer": _text(signed.get("issuer")),
        "signed_by": _text(signed.get("common_name")),
        "signed_at": _text(signed.get("time")),
        "generator": _generator(active),
        "title": _text(active.get("title")),
        "actions": sorted({_text(a.get("action")) for a in actions} - {""}),
        "digital_source": sources,
        "says_generated": any(source in AI_SOURCES for source in everywhere),
        "ingredients": [_ingredient(i) for i in (active.get("ingredients") or [])[:MOST_INGREDIENTS]],
        "manifests": [str(label) for label in manifests],
        "problems": _problems(document),
    }


def _actions(manifest: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for assertion in manifest.get("assertions") or []:
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            found = (assertion.get("data") or {}).get("actions") or []
            yield from (action for action in found if isinstance(action, Mapping))


def _generator(manifest: Mapping[str, Any]) -> str:
    info = manifest.get("claim_generator_info") or []
    named = [
        " ".join(_text(i[k]) for k in ("name", "version") if i.get(k)) for i in info if isinstance(i, Mapping)
    ]
    return ", ".join(n for n in named if n) or _text(manifest.get("claim_generator"))


def _ingredient(ingredient: Mapping[str, Any]) -> str:
    title, relation = _text(ingredient.get("title")) or "untitled", _text(ingredient.get("relationship"))
    return f"{title} ({relation})" if relation else title


def _problems(document: Mapping[str, Any]) -> list[str]:
    """What does not hold, in the library's words; an unknown signer is said by the state already."""
    failures = ((document.get("validation_results") or {}).get("activeManifest") or {}).get("failure") or []
    found = [
        _text(f.get("explanation") or f.get("code"))
        for f in failures
        if f.get("code") != "signingCredential.untrusted"
    ]
    return list(dict.fromkeys(found))[:MOST_PROBLEMS]


def _last(address: object) -> str:
    return str(address or "").rsplit("/", 1)[-1]


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else " " for c in text)[:300].strip()
