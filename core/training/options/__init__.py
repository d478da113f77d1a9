"""What may be asked of a training: fields, words, checks, YAML."""
