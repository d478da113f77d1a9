"""Which media there is: layouts, scan, statistics, advice, splits, leaks, shortcuts."""
