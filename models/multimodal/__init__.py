"""Networks over picture, sound, text and metadata together."""
