"""From a network to scores, and from scores to every figure."""
