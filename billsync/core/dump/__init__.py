"""Live state as the document of files that declare it, whole, in part, or with pseudonyms."""
