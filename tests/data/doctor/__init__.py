"""Tests of data/doctor."""
