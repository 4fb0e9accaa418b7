"""Pictures. In: files, bytes, arrays. Out: upright RGB uint8 arrays and their exact letterbox geometry."""
