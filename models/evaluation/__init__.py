"""Judging a model on many images: the streamed pass over them, and everything that is worked out from its results."""
