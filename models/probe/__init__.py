"""A probe set followed through training: some validation images, what was said of them and seen in them each time."""
