"""The learning diary: how often a training image was right, when it was forgotten, and what that says; no torch."""
