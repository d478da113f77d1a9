"""From one file to an explained verdict: detector, explanations, timeline, report."""
