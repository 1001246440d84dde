"""Several trainings of one recipe: what is varied, which combinations there are, and the search for the best ones."""
