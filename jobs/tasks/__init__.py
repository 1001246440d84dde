"""One file per kind of job: a generator that yields events."""
