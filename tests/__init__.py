"""Tests mirror the source; tests/contract talks REST to a real server, tests/browser drives Chromium."""
