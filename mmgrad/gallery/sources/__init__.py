"""Gallery sources. In: a folder, zip archive or dataset. Out: the records of its pictures."""
