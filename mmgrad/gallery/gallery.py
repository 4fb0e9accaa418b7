"""The pictures that a query is compared with: their embeddings, where they came from, and exact search."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch

from mmgrad.errors import GalleryError, InputError
from mmgrad.gallery import embedding_cache as known_rows
from mmgrad.gallery import hub as gallery_hub
from mmgrad.gallery import indexer as indexing
from mmgrad.gallery import store as gallery_files
from mmgrad.gallery.embedding_cache import Known
from mmgrad.gallery.indexer import Embedder, Rows
from mmgrad.gallery.journal import Journal
from mmgrad.gallery.search import SearchResult, top_k_search
from mmgrad.gallery.sources.detect import Source, read_source
from mmgrad.gallery.sources.folder import Record
from mmgrad.gallery.store import Manifest, StaleError, Stored

__all__ = ["Embedder", "Gallery", "Record", "SearchResult"]

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
"""What rows may be kept in while they are searched; on disk they are float32."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Gallery:
    """N pictures and their embeddings.

    Attributes:
        folder: where the pictures lie: a folder, a zip archive or a dataset.
        records: the N pictures, one for each row.
        embeddings: float32, float16 or bfloat16 [N, D], L2-normalized, on any device.
        fingerprint: of the model that made them.
        skipped: (id, why) of the pictures that could not be read.

    Raises:
        GalleryError: it is empty, or the parts contradict each other.
    """

    folder: Path
    records: tuple[Record, ...]
    embeddings: torch.Tensor
    fingerprint: str
    skipped: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.records:
            raise GalleryError(f"The gallery '{self.folder}' holds no picture that can be read; please add some.")
        if self.embeddings.ndim != 2 or len(self.embeddings) != len(self.records):
            raise GalleryError(
                f"The gallery '{self.folder}' has {len(self.records)} pictures but embeddings of shape "
                f"{list(self.embeddings.shape)}; please build it again."
            )
        if self.embeddings.dtype not in DTYPES or not gallery_files.is_normalised(self.embeddings):
            raise GalleryError(
                f"The embeddings of the gallery '{self.folder}' are not float32, float16 or bfloat16 of length 1; "
                "please build it again."
            )
        if len(self.positions) != len(self.records):
            raise GalleryError(f"The gallery '{self.folder}' names a picture twice; please build it again.")

    @classmethod
    def load(cls, folder: str | Path, model: Embedder, progress: bool = True) -> "Gallery":
        """The gallery of a path: the stored one where it fits the model and the files, else brought up to date.

        `folder` may name a dataset repository of the hub too, owner/name, which is fetched, see `mmgrad.gallery.hub`.
        Files are compared by name and size, which takes one `stat` each; after a change that keeps both, `build` it.

        Args:
            folder: a folder of pictures, a zip archive, or a dataset, see `mmgrad.gallery.sources.detect`.

        Raises:
            GalleryError: nothing lies there, or it is empty or broken, or none of its pictures can be read.
        """
        source = read_source(gallery_hub.find(folder))
        expected = Manifest.expected(source.records, model.fingerprint, model.dimension)
        try:
            stored, embeddings = _stored(source.home, expected)
        except StaleError as reason:
            logger.warning("The gallery '%s' is being indexed: %s.", source.path, reason)
            return cls._build(source, expected, model, progress, _outdated(source.home, expected), by_size=True)
        return cls(source.path, _readable(source, stored), embeddings, stored.fingerprint, stored.skipped)

    @classmethod
    def build(cls, folder: str | Path, model: Embedder, progress: bool = True, anew: bool = False) -> "Gallery":
        """Embed the pictures that are new or whose content has changed, drop those that are gone, and store the result.

        A run that is stopped goes on where it was, and ends with the same bytes as one that was not. Pictures that
        cannot be read are left out and listed in `skipped`. A folder of pictures keeps its own index; that of an
        archive or a dataset lies beside it, in NAME.mmgrad. Where that cannot be written to, the rows go to the user's
        cache; where that fails too, they live in memory only.

        Args:
            folder: a folder of pictures, a zip archive, or a dataset, see `mmgrad.gallery.sources.detect`.
            anew: embed every picture, whatever is stored.

        Raises:
            GalleryError: nothing lies there, or it is empty or broken, or none of its pictures can be read.
        """
        source = read_source(Path(folder).expanduser())
        expected = Manifest.expected(source.records, model.fingerprint, model.dimension)
        stored = None if anew else _outdated(source.home, expected)
        return cls._build(source, expected, model, progress, stored, by_size=False)

    @classmethod
    def _build(
        cls,
        source: Source,
        expected: Manifest,
        model: Embedder,
        progress: bool,
        stored: Stored | None,
        by_size: bool,
    ) -> "Gallery":
        cache = gallery_files.cache_folder(source.home)
        journal = Journal((source.home, cache), f"{expected.fingerprint} {expected.preprocessing}", expected.dimension)
        known = Known(stored, journal, known_rows.read_stamps(cache), by_size)
        try:
            rows = indexing.index(source.records, model, known, source.path.name, progress)
        finally:
            journal.close()
        manifest = replace(expected, skipped=rows.skipped)
        try:
            records = _readable(source, manifest)
            gallery = cls(source.path, records, rows.embeddings, model.fingerprint, rows.skipped)
        except GalleryError:
            journal.remove()  # or a better file or model would meet the same rows again
            raise
        _tell(rows, stored, source)
        if stored is None or not _same(stored, manifest, rows):
            _store(source.home, manifest, rows)
        gallery_files.clear(source.home)
        known_rows.write_stamps(cache, known.stamps)
        journal.remove()
        return gallery

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def positions(self) -> dict[str, int]:
        """The row of each id."""
        return {record.id: row for row, record in enumerate(self.records)}

    def to(self, device: str | torch.device, dtype: torch.dtype | None = None) -> "Gallery":
        """The same gallery with its embeddings on another device, and in another of DTYPES where one is given.

        In float16 they take half the memory. Scores are computed in float32 all the same, so that they differ only by
        the rounding of the rows: by at most 2^-11 (0.0005), and by about 0.00001 as a rule. The search is exact for the
        rounded rows; pictures whose scores lie closer than that may change places.
        """
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
        return gallery_hub.push(self.folder, self.records, self.embeddings, self.fingerprint, repo_id, private, token)

    def search(self, queries: torch.Tensor, k: int, exclude: Sequence[str] = ()) -> SearchResult:
        """The k nearest pictures of each query, exactly; equal scores in the order of the gallery.

        Args:
            queries: [Q, D], L2-normalised.
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


def _readable(source: Source, manifest: Manifest) -> tuple[Record, ...]:
    reasons = dict(manifest.skipped)
    if len(reasons) == len(source.records):
        name, why = manifest.skipped[0]
        raise GalleryError(f"The gallery '{source.path}' holds no picture that can be read; the first, '{name}': {why}")
    return tuple(record for record in source.records if record.id not in reasons)


def _tell(rows: Rows, stored: Stored | None, source: Source) -> None:
    """What was done, in one line, and what was left out."""
    kept = len(rows.embeddings) - rows.embedded
    logger.info("%d pictures embedded, %d known already, %d left out", rows.embedded, kept, len(rows.skipped))
    if rows.skipped:
        names = ", ".join(name for name, _ in rows.skipped[:5]) + (", ..." if len(rows.skipped) > 5 else "")
        logger.warning("%d of %d pictures could not be read: %s", len(rows.skipped), len(source.records), names)


def _stored(home: Path, expected: Manifest) -> tuple[Manifest, torch.Tensor]:
    """The stored rows, beside the pictures or in the user's cache; StaleError says what is wrong with the former."""
    try:
        return gallery_files.read(home, expected)
    except StaleError as reason:
        try:
            return gallery_files.read(gallery_files.cache_folder(home), expected)
        except StaleError:
            raise reason from None


def _outdated(home: Path, expected: Manifest) -> Stored | None:
    """The stored rows of the same model, of whatever pictures; None where there are none."""
    for place in (home, gallery_files.cache_folder(home)):
        try:
            return gallery_files.read_outdated(place, expected)
        except StaleError:
            continue
    return None


def _same(stored: Stored, manifest: Manifest, rows: Rows) -> bool:
    """Whether nothing needs to be written."""
    unmoved = stored.manifest == manifest and torch.equal(stored.digests, rows.digests)
    return unmoved and torch.equal(stored.embeddings, rows.embeddings)


def _store(home: Path, manifest: Manifest, rows: Rows) -> None:
    try:
        gallery_files.write(home, manifest, rows.embeddings, rows.digests)
    except OSError:
        try:
            gallery_files.write(gallery_files.cache_folder(home), manifest, rows.embeddings, rows.digests)
        except OSError as error:
            logger.warning("The index of '%s' could not be stored and lives in memory only: %s", home, error)
