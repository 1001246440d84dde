"""Tests of jobs/: packages, so that equal file names in different folders do not clash."""
