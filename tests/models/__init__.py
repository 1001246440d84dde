"""Tests of models/: packages, so that equal file names in different folders do not clash."""
