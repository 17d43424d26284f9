"""Recovery: what a snapshot holds of each customer, how it comes back, and the proof."""
