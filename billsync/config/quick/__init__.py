"""The quick reading of files: only what is certainly read as the full reader would, and is certainly valid."""
