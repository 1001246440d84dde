"""What is asked for, when it runs, what happened. No Flask; no torch at import."""
