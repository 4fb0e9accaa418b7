"""The page about the command line is made from the parser."""


def test_the_page_is_up_to_date(root, script) -> None:
    assert (root / "docs" / "cli.md").read_text(encoding="utf-8") == script("render_cli").page()


def test_every_command_has_a_section_with_its_options(script) -> None:
    page = script("render_cli").page()
    for command in ("explain", "search", "index", "evaluate", "train", "serve", "push-model", "push-gallery"):
        assert f"\n## {command}\n" in page
    assert "| `--json` |" in page
