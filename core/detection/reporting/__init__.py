"""What a person takes away: the report, and the truth they give back."""
