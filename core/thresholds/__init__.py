"""From scores to an operating point: sweep, methods, calibration, intervals. No torch."""
