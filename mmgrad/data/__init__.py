"""Picture parts and the families of edited scenes made of them."""
