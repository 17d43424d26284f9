"""The engine over the kinds' tables: JSON Schema, explanations and topics."""
