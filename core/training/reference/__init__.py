"""The reference of a run: what its files are like, so that a file of another kind can be told from them."""
