"""Tests of what a training would cost."""
