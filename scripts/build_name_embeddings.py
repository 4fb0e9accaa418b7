"""Write the sentence embeddings of all ImageNet names: python scripts/build_name_embeddings.py

Run it after `build_imagenet_names.py`; without the file the encoder computes the embeddings at each start.
"""

from safetensors.torch import save_file

from mmgrad.encoders.class_prototypes import FILE, names, names_digest
from mmgrad.encoders.compact import CompactEncoder


def main() -> None:
    """Compute and write the embeddings."""
    embeddings = CompactEncoder().embed_sentences(list(names()))
    save_file({"embeddings": embeddings.half().contiguous().cpu()}, FILE, metadata={"names": names_digest()})
    print(f"{len(embeddings)} names are in {FILE}")


if __name__ == "__main__":
    main()
