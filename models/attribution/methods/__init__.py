"""Ways to explain, one file each; see models/attribution/method.py."""
