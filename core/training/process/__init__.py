"""The process around a training: ranks, signals, heartbeat, log."""
