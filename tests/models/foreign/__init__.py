"""Tests of network files of other programs."""
