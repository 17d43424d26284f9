"""The page as one HTML file that needs no network: markup, pictures, look."""
