"""Each source on small files of its format, and on the real sets of ../shared/data."""
