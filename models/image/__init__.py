"""Networks over one picture."""
