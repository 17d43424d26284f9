"""From nodes to entities: documents, overlays, the library of cards, values from outside."""
