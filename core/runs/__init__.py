"""Where runs live and what executes them: folder, events, store, executors, manager."""
