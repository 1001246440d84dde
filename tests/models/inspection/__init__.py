"""Tests of what the warm inspector answers."""
