"""Networks over the frames of a clip."""
