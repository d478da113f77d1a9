"""Networks over a recording."""
