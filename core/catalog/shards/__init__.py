"""Datasets whose media lie inside Parquet and tar files: found, labelled and counted without unpacking."""
