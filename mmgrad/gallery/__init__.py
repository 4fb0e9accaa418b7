"""Galleries. In: folders, archives, datasets of pictures. Out: an index of embeddings [N, D] and exact top-k search."""
