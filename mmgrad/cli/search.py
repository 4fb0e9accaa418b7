"""`mmgrad search`: rank, score and id of each result, without attention maps."""

import argparse
import sys

from mmgrad.cli.options import Commands, add_command, add_query_options, check_query, load_engine


def add_to(commands: Commands) -> None:
    """Add the command to a parser."""
    add_query_options(
        add_command(commands, "search", run, "search a gallery and print rank, score and id of each result")
    )


def run(options: argparse.Namespace) -> None:
    """Search for one query. Raises MMGradError if the query, the model or the gallery cannot be used."""
    from mmgrad.app.notes import notes_on_search

    check_query(options.image, options.text)
    engine = load_engine(options)
    hits = engine.search(
        options.image,
        options.text,
        top_k=options.top_k,
        text_weight=options.text_weight,
        exclude_duplicates=options.exclude_duplicates,
    )
    for note in notes_on_search(engine, options.text):
        print(f"mmgrad: note: {note}", file=sys.stderr)
    for hit in hits:
        print(f"{hit.rank}\t{hit.score:.4f}\t{hit.record.id}")
