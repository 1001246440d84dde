"""The atlas of units: the images that excite each unit of each layer most and least, and what it says of each class."""
