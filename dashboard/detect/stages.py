"""What is being done with a file, in words."""

from __future__ import annotations

STAGES = {
    "queued": "Waiting for its turn",
    "reading": "Reading the file and finding faces",
    "verdict": "The verdict is there; reading what the file states about itself",
    "facts": "Making heat maps",
    "maps wait": "Heat maps follow when every file has its verdict",
    "map": "Making heat maps",
}
