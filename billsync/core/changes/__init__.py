"""Changes of single entities: what they read, how they are refused, and their order."""
