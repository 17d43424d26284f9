"""Loss reports, proofs and drills as text, JSON and pages."""
