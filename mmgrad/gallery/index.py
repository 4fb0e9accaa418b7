"""The index of a gallery, found where it is stored or brought up to date."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmgrad.errors import GalleryError
from mmgrad.gallery import hub
from mmgrad.gallery.database import IndexDatabase
from mmgrad.gallery.indexer import Embedder, KnownImages, index_pictures
from mmgrad.gallery.legacy import read_legacy
from mmgrad.gallery.places import index_folders, published_snapshot
from mmgrad.gallery.snapshot import MadeWith, Snapshot, StaleError, read_snapshot, write_snapshot
from mmgrad.gallery.sources.detect import Source, read_source
from mmgrad.imaging import files

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class GalleryIndex:
    """The pictures of a gallery and their rows; `database` is where the thumbnails lie, None for nowhere."""

    source: Source
    snapshot: Snapshot
    database: Path | None


def load_index(folder: str | Path, model: Embedder, progress: bool, thumbnails: bool) -> GalleryIndex:
    """The stored index where it fits the model and the files, by name and size, else one brought up to date.

    The arguments are those of `Gallery.load`. Raises GalleryError as that does.
    """
    path = hub.find(folder)
    source = read_source(path)
    made_with = MadeWith(model.fingerprint, model.dimension)
    places = index_folders(source, hub.cache_key(folder, path))
    reason = StaleError("it has no index yet")
    stored = [place / f"{made_with.file_name}.safetensors" for place in places]
    for file in (*stored, published_snapshot(source)):
        if not file.is_file():
            continue
        try:
            snapshot = read_snapshot(file, made_with)
        except StaleError as error:
            reason = error
            continue
        if snapshot.fits(source.records):
            database = file.with_suffix(".sqlite")
            return _checked(GalleryIndex(source, snapshot, database if database.is_file() else None))
        reason = StaleError("its pictures have changed")
    logger.warning("The gallery '%s' is being indexed: %s.", source.path, reason)
    return _build(source, places, model, progress, thumbnails, by_size=True)


def build_index(folder: str | Path, model: Embedder, progress: bool, thumbnails: bool, force: bool) -> GalleryIndex:
    """The index, brought up to date by the content of the files.

    The arguments are those of `Gallery.build`. Raises GalleryError as that does.
    """
    path = hub.find(folder)
    source = read_source(path)
    return _build(source, index_folders(source, hub.cache_key(folder, path)), model, progress, thumbnails, force)


def _build(
    source: Source,
    places: Sequence[Path],
    model: Embedder,
    progress: bool,
    thumbnails: bool,
    force: bool = False,
    by_size: bool = False,
) -> GalleryIndex:
    made_with = MadeWith(model.fingerprint, model.dimension)
    database = IndexDatabase(places, f"{made_with.file_name}.sqlite", made_with.to_strings())
    try:
        if force:
            database.clear()
        elif not database.known():
            _import_published(source, made_with, database)
        legacy = {} if force else read_legacy(published_snapshot(source), model.fingerprint, model.dimension)
        known = KnownImages(database, by_size, thumbnails, legacy)
        embedded = index_pictures(source.records, model, known, source.path.name, progress)
        database.keep_only(record.id for record in source.records)
        snapshot = _snapshot(source, database, model.dimension)
        index = _checked(GalleryIndex(source, snapshot, database.path))
        _report(index, embedded)
        if database.path is not None:
            _store(database.path.with_suffix(".safetensors"), made_with, snapshot)
    finally:
        database.close()
    return index


def _import_published(source: Source, made_with: MadeWith, database: IndexDatabase) -> None:
    """Fill an empty index with the rows that were published with the pictures."""
    try:
        snapshot = read_snapshot(published_snapshot(source), made_with)
    except StaleError:
        return
    database.add(snapshot.rows())


def _snapshot(source: Source, database: IndexDatabase, dimension: int) -> Snapshot:
    errors = database.errors()
    ids = [record.id for record in source.records if record.id not in errors]
    skipped = tuple(
        (record.id, files.size(record.path), errors[record.id]) for record in source.records if record.id in errors
    )
    return Snapshot(ids, database.matrix(ids, dimension), skipped)


def _checked(index: GalleryIndex) -> GalleryIndex:
    if not index.snapshot.ids:
        name, _, why = index.snapshot.skipped[0]
        raise GalleryError(
            f"The gallery '{index.source.path}' holds no picture that can be read; the first, '{name}': {why}"
        )
    return index


def _report(index: GalleryIndex, embedded: int) -> None:
    """Log what was done in one line, and what was left out in others."""
    skipped, known = index.snapshot.skipped, len(index.snapshot.ids) - embedded
    logger.info("%d pictures embedded, %d known already, %d left out", embedded, known, len(skipped))
    if skipped:
        names = ", ".join(name for name, *_ in skipped[:5]) + (", ..." if len(skipped) > 5 else "")
        logger.warning("%d of %d pictures could not be read: %s", len(skipped), len(index.source.records), names)
    passed_over = index.source.listing.describe_passed_over()
    if passed_over:
        logger.warning("%s.", passed_over)


def _store(path: Path, made_with: MadeWith, snapshot: Snapshot) -> None:
    try:
        write_snapshot(path, made_with, snapshot)
    except OSError as error:
        logger.warning("The rows could not be written to '%s', so that loading takes longer: %s", path.name, error)
