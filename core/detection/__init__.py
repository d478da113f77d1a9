"""From one file to an explained verdict: detector, explanations, timeline, report.

Importing this room is light; `core.detection.detector` brings torch with it.
"""

from __future__ import annotations

from core.detection.verdict import Unit, Verdict, decide

__all__ = ["Unit", "Verdict", "decide"]
