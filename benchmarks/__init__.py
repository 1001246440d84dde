"""What performance is claimed: one script per claim, each runnable alone and side by side with its peer."""
