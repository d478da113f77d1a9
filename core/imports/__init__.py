"""Detectors of others: read within limits, recognised, built, kept in the workspace, and measured before they are trusted.

Importing this room is light; `importing`, `reading` and `measuring` bring torch with them.
"""
