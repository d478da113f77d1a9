"""What the workbench does, without a page: catalogue, media, training, runs, thresholds, detection,
commands."""
