"""Training: the loop, and the pure parts around it (plan, schedules, batches, metrics, checkpoints)."""
