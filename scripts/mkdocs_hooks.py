"""Pages of the documentation site that lie elsewhere in the repository: reports, the model card, CONTRIBUTING.md."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGES = {
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "checkpoints/compact/README.md": "model-card.md",
    "benchmarks/README.md": "results/definitions.md",
}
"""File of the repository -> page of the site. Beside these, everything in benchmarks/results/ is below results/."""

NOT_PAGES = {"benchmarks/results/latency.md"}  # included in another page


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and the plots of the reports to the files of the site."""
    root = Path(config.config_file_path).parent
    pages = dict(PAGES)
    for path in sorted((root / "benchmarks" / "results").rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix in (".md", ".png", ".json", ".csv") and name not in NOT_PAGES:
            pages[name] = name.removeprefix("benchmarks/")
    for name, page in pages.items():
        files.append(File.generated(config, page, abs_src_path=str(root / name)))
    return files
