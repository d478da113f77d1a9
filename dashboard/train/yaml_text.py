"""The configuration as text: see it, edit it, save it, load it."""

from __future__ import annotations

from typing import Any

import streamlit as st
import yaml

from core import plain_yaml
from core.errors import BadInput, one_line
from core.training.options.choices import DEFAULT_MODELS
from core.training.options.config import TrainConfig
from dashboard import theme, words
from dashboard.train import option_form
from dashboard.uploading import file_uploader

LARGEST = 1  # MB of a configuration


def short(config: dict[str, Any]) -> str:
    """Only what differs from the defaults, and what a reader looks for first; the network that is suggested by its name."""
    default = TrainConfig().to_dict()
    config = {**config, "model": config["model"] or DEFAULT_MODELS[config["modality"]]}
    always = ("modality", "datasets", "model", "protocol", "epochs", "seed")
    return yaml.safe_dump(
        {k: v for k, v in config.items() if k in always or v != default[k]},
        sort_keys=False,
        allow_unicode=True,
    )


def draw() -> None:
    with st.expander("The same as text (YAML): edit, save, load", key="train-yaml-box"):
        text = st.text_area(
            "Configuration",
            value=short(option_form.config()),
            height=240,
            key=f"train-yaml-{hash(short(option_form.config()))}",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button("Apply", key="train-yaml-apply", disabled=text == short(option_form.config())):
                take(text)
            st.download_button("Save", text, "config.yaml", "application/yaml", key="train-yaml-save")
        loaded = file_uploader(
            "Load", type=["yaml", "yml", "json"], key="train-yaml-load", max_upload_size=LARGEST
        )
        if loaded is not None and st.session_state.get("train_loaded") != loaded.file_id:
            st.session_state["train_loaded"] = loaded.file_id
            take(loaded.getvalue().decode("utf-8", errors="replace"))


def take(text: str) -> None:
    """Make the form say what the text says, if the text is a configuration."""
    try:
        document = plain_yaml.load(text)
        if not isinstance(document, dict):
            raise BadInput("a configuration has one `name: value` a line")
        config = TrainConfig.from_dict(document)
    except (BadInput, yaml.YAMLError) as error:
        st.error(theme.sentence(words.message(one_line(error))), icon=":material/error:")
        return
    option_form.replace(config.to_dict())
    st.rerun()
