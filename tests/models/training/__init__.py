"""Tests of the training loop and its parts."""
