"""Many runs of one study: search space, trials, results."""
