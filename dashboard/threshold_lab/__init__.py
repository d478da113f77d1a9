"""The draggable threshold component: its payload is built in Python, everything that moves moves in the browser."""

from dashboard.threshold_lab.component import Choice, released, threshold_lab, threshold_line
from dashboard.threshold_lab.line import line
from dashboard.threshold_lab.payload import Payload, Side, build

__all__ = ["Choice", "Payload", "Side", "build", "line", "released", "threshold_lab", "threshold_line"]
