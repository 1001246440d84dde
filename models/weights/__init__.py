"""Weights to start from: where they come from, which of them fit a network, what is frozen, what learns how fast."""
