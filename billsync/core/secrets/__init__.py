"""Values that came from `!env` and `!file`: hidden in plan files and results, and put back; and pseudonyms."""
