"""Tests of starting weights, frozen layers and rates per layer."""
