"""The draggable threshold component: its payload is built in Python, everything that moves moves in the browser."""

from dashboard.threshold_lab.component import Choice, threshold_lab
from dashboard.threshold_lab.payload import Payload, build

__all__ = ["Choice", "Payload", "build", "threshold_lab"]
