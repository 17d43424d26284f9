"""Desired state by itself: its checks, references, and selections."""
