"""Training of the composition head: cached features, the objective, the loop."""
