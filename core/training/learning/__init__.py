"""One step and what it needs: optimiser, objectives, heads, checkpoints."""
