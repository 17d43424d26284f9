"""The surroundings of a run: streams, colours, signals, questions, the journal, and the account of how it went."""
