"""The pictures that a query is compared with: their embeddings, where they came from, and exact search."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from mmgrad.errors import GalleryError, InputError
from mmgrad.gallery import hub
from mmgrad.gallery.database import Matrix
from mmgrad.gallery.index import GalleryIndex, build_index, load_index
from mmgrad.gallery.indexer import Embedder
from mmgrad.gallery.pictures import Picture, read_pictures
from mmgrad.gallery.places import PUBLISHED
from mmgrad.gallery.search import SearchResult, top_k_search
from mmgrad.gallery.snapshot import MadeWith, Snapshot, is_normalized, write_snapshot
from mmgrad.gallery.sources.record import Record
from mmgrad.imaging import files
from mmgrad.utils.device import check_memory, gigabytes

__all__ = ["Embedder", "Gallery", "Picture", "Record", "SearchResult"]

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
"""What embeddings may be kept in while they are searched; on disk they are float32."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """N pictures and their embeddings.

    Attributes:
        folder: where the pictures lie: a folder, a zip archive or a dataset.
        records: the N pictures, one for each row.
        embeddings: float32, float16 or bfloat16 [N, D], L2-normalized, on any device.
        fingerprint: of the model that made them.
        skipped: (id, why) of the pictures that could not be read.
        passed_over: a line about the other files beside the pictures, "" where there are none.
        signatures: uint8 [N, 768], see `mmgrad.imaging.signature`; None where they are not known.
        sizes: int32 [N, 2], height and width of the upright originals; None where they are not known.
        index: the database with the thumbnails; None where there is none.

    Raises:
        GalleryError: it is empty, or the parts contradict each other.
    """

    folder: Path
    records: tuple[Record, ...]
    embeddings: torch.Tensor
    fingerprint: str
    skipped: tuple[tuple[str, str], ...] = ()
    passed_over: str = ""
    signatures: np.ndarray | None = None
    sizes: np.ndarray | None = None
    index: Path | None = None

    def __post_init__(self) -> None:
        if not self.records:
            raise GalleryError(f"The gallery '{self.folder}' holds no picture that can be read; please add some.")
        if self.embeddings.ndim != 2 or len(self.embeddings) != len(self.records):
            raise GalleryError(
                f"The gallery '{self.folder}' has {len(self.records)} pictures but embeddings of shape "
                f"{list(self.embeddings.shape)}; please build it again."
            )
        if self.embeddings.dtype not in DTYPES or not is_normalized(self.embeddings):
            raise GalleryError(
                f"The embeddings of the gallery '{self.folder}' are not float32, float16 or bfloat16 of length 1; "
                "please build it again."
            )
        if len(self.positions) != len(self.records):
            raise GalleryError(f"The gallery '{self.folder}' names a picture twice; please build it again.")

    @classmethod
    def load(cls, folder: str | Path, model: Embedder, progress: bool = True, thumbnails: bool = True) -> "Gallery":
        """The gallery of a path: the stored one where it fits the model and the files, else brought up to date.

        `folder` may also name a dataset repository of the hub, owner/name, see `mmgrad.gallery.hub`. Files are compared
        by name and size, which takes one `stat` each; after a change that keeps both, `build` it.

        Args:
            folder: a folder of pictures, a zip archive, or a dataset, see `mmgrad.gallery.sources.detect`.
            thumbnails: whether pictures that are indexed now get a thumbnail.

        Raises:
            GalleryError: nothing lies there, or it is empty or broken, or none of its pictures can be read.
        """
        return cls._of(load_index(folder, model, progress, thumbnails), model)

    @classmethod
    def build(
        cls,
        folder: str | Path,
        model: Embedder,
        progress: bool = True,
        force: bool = False,
        thumbnails: bool = True,
    ) -> "Gallery":
        """Embed the pictures that are new or whose content has changed, drop those that are gone, and store the result.

        A run that is stopped goes on where it was. Pictures that cannot be read are left out and listed in `skipped`.
        Each model has an index of its own. It lies in FOLDER/.mmgrad, or in NAME.mmgrad beside an archive or a dataset;
        in the user's cache where the pictures are not the user's own or nothing can be written there; where that fails
        too, in memory only.

        Args:
            folder: a folder of pictures, a zip archive, or a dataset, see `mmgrad.gallery.sources.detect`.
            force: embed every picture, whatever is stored.
            thumbnails: store a thumbnail (about 20 kB) of each picture larger than 512 pixels.

        Raises:
            GalleryError: nothing lies there, or it is empty or broken, or none of its pictures can be read.
        """
        return cls._of(build_index(folder, model, progress, thumbnails, force), model)

    @classmethod
    def _of(cls, index: GalleryIndex, model: Embedder) -> "Gallery":
        snapshot = index.snapshot
        skipped = tuple((name, why) for name, _, why in snapshot.skipped)
        reasons = dict(skipped)
        return cls(
            index.source.path,
            tuple(record for record in index.source.records if record.id not in reasons),
            torch.from_numpy(snapshot.matrix.embeddings),
            model.fingerprint,
            skipped,
            index.source.listing.describe_passed_over(),
            snapshot.matrix.signatures,
            snapshot.matrix.sizes,
            index.database,
        )

    def __len__(self) -> int:
        return len(self.records)

    @property
    def name(self) -> str:
        """What the gallery is called: the name of its folder, or of its repository on the hub."""
        return (
            hub.repository_name(self.folder) or files.safe_name(self.folder) or files.safe_name(self.folder.absolute())
        )

    @cached_property
    def positions(self) -> dict[str, int]:
        """The row of each id."""
        return {record.id: row for row, record in enumerate(self.records)}

    def pictures(self, rows: Sequence[int]) -> list[Picture]:
        """The pictures of some rows, reduced to at most 512 pixels a side, from thumbnails where there are some.

        They are decoded in parallel. A picture that is gone is marked `missing` and shown by its thumbnail, or as plain
        gray; it raises nothing.
        """
        records = [self.records[row] for row in rows]
        sizes = [None if self.sizes is None else (int(self.sizes[row, 0]), int(self.sizes[row, 1])) for row in rows]
        return read_pictures(records, sizes, self.index)

    def thumbnail(self, row: int) -> np.ndarray:
        """The pixels of one of `pictures`: RGB uint8 [h, w, 3]."""
        return self.pictures([row])[0].pixels

    def to(self, device: str | torch.device, dtype: torch.dtype | None = None) -> "Gallery":
        """The same gallery with its embeddings on another device, and in another of DTYPES where one is given.

        In float16 or bfloat16 the embeddings take half the memory. Scores are computed in float32, so that they differ
        only by the rounding of the rows: by at most 2^-11 (0.0005) in float16 and 2^-8 (0.004) in bfloat16, usually by
        far less. The search is exact for the rounded rows; pictures whose scores lie closer may change places.

        Raises:
            ModelError: a GPU has not enough free memory.
        """
        device = torch.device(device)
        dtype = dtype or self.embeddings.dtype
        if device.type != self.embeddings.device.type:
            needed = self.embeddings.numel() * dtype.itemsize
            half = (
                f"choose --gallery-dtype half, which needs {gigabytes(needed // 2)}" if dtype == torch.float32 else ""
            )
            check_memory(needed, device, "The gallery", half)
        return replace(self, embeddings=self.embeddings.to(device, dtype))

    def push_to_hub(self, repo_id: str, private: bool | None = None, token: str | None = None) -> str:
        """Push the pictures and their index to a dataset repository of the Hugging Face hub; returns its address.

        Args:
            repo_id: owner/name; made where it is missing. `Gallery.load` takes this name.
            private: whether one that is made is private; by itself as the owner's settings say.
            token: of the hub; by itself that of `hf auth login`.

        Raises:
            GalleryError: the hub cannot be reached or refuses.
        """
        return hub.push(self, repo_id, private, token)

    def publish(self) -> Path:
        """Write the index beside the pictures, as `gallery.safetensors`, so that it can be shipped with them.

        Raises OSError, or GalleryError as `to_snapshot` does.
        """
        path = self.folder / PUBLISHED
        write_snapshot(path, MadeWith(self.fingerprint, self.embeddings.shape[1]), self.to_snapshot())
        return path

    def to_snapshot(self, records: Sequence[Record] | None = None) -> Snapshot:
        """The rows as a file holds them. `records`: the same pictures at other paths, whose file sizes count.

        Raises:
            GalleryError: the gallery was not indexed, and its signatures and sizes are not known.
        """
        if self.signatures is None or self.sizes is None:
            raise GalleryError(f"The gallery '{self.folder}' has no index; please build it.")
        records = self.records if records is None else records
        sizes = np.array([files.size(record.path) for record in records], np.int64)
        digests = np.frombuffer(b"".join(_digest(record) for record in records), np.uint8).reshape(-1, files.DIGEST)
        embeddings = self.embeddings.detach().float().cpu().numpy()
        matrix = Matrix(embeddings, self.signatures, self.sizes, digests, sizes)
        return Snapshot([record.id for record in records], matrix)

    def search(self, queries: torch.Tensor, k: int, exclude: Sequence[str] = ()) -> SearchResult:
        """The k nearest pictures of each query, exactly; equal scores in the order of the gallery.

        Args:
            queries: [Q, D], L2-normalized.
            k: how many, from 1 to the number of pictures that are not excluded.
            exclude: ids that must not be found; ids that are not in the gallery have no effect.

        Returns:
            A SearchResult on the CPU.

        Raises:
            InputError: k is out of range.
            ValueError: the queries are not finite [Q, D].
        """
        if queries.ndim != 2 or queries.shape[1] != self.embeddings.shape[1]:
            raise ValueError(
                f"queries of shape {list(queries.shape)} do not fit embeddings of {self.embeddings.shape[1]} dimensions"
            )
        if not bool(torch.isfinite(queries).all()):
            raise ValueError("queries must be finite")
        hidden = sorted({self.positions[name] for name in exclude if name in self.positions})
        available = len(self) - len(hidden)
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= available:
            raise InputError(f"{k} results were asked for; this gallery can give from 1 to {available}.")
        return top_k_search(self.embeddings, queries, k, hidden)


def _digest(record: Record) -> bytes:
    content = record.path if isinstance(record.path, Path) else record.path.read_bytes()
    return files.digest(content) or bytes(files.DIGEST)
