"""Layers and units of a network: their weights, their values for an image, and images that excite them."""
