"""What the columns of a score file are called: here, and by others."""

from __future__ import annotations

# Beside label and score.
OPTIONAL = ("id", "group", "dataset", "modality", "identity", "method", "split", "probability")
# Names that others give their columns, the first that a file has: ASVspoof 5, DeepFense, scikit-learn's y_true.
# fmt: off
ALIASES = {
    "sample_id": "id", "utterance": "id", "utterance_id": "id", "utt_id": "id", "utt": "id",
    "component": "group", "attack": "method",
    "truth": "label", "key": "label", "cm-label": "label", "cm_label": "label", "y_true": "label",
    "ground_truth": "label", "ground truth": "label",
    "score_spoof": "score", "spoof_score": "score", "cm-score": "score", "cm_score": "score", "y_score": "score",
    "score_fake": "score", "fake_score": "score",
}
# fmt: on
# Only where two files are joined: a file may stand in several rows of its own scores, an id may not.
FILE_NAMES = {"filename": "id", "file_name": "id", "file": "id", "path": "id"}
