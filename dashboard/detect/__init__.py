"""The parts of the Detect page."""
