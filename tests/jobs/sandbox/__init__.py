"""Tests of what confines the code of networks."""
