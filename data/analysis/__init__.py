"""Analysing a finished dataset: what each record looks like, what its classes look like, and how it is distributed."""
