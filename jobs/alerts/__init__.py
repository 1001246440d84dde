"""Telling people what happened to their jobs, by webhook or mail, from the scheduler's process."""
