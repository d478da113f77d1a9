"""Detection for programs: the same queue, limits and sandbox as the pages, over HTTP."""
