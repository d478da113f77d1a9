"""From the catalogue to batches: samples, recipes, examples, inputs, order."""
