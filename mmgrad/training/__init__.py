"""Training. In: triplets and a frozen encoder. Out: a checkpoint of the composition head."""
