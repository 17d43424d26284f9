"""The parts of a file that are no entities: its header, policies, profiles, selections, moves."""
