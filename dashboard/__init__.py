"""What the analyst sees. No machine learning here."""
