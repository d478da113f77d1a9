"""From samples to scores: configuration, balancing, losses, augmentation, the loop, evaluation, tuning."""
