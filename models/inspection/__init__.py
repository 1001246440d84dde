"""Looking at trained networks: what the warm inspector answers."""
