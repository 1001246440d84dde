"""Where workers run: submit, cancel, poll, adopt."""
