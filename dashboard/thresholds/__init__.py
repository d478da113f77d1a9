"""The parts of the Thresholds page around its component."""
