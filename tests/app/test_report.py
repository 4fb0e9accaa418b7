from mmgrad.app.report import report_markdown


def test_titles_go_down_and_plots_become_urls(tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "a.png").write_bytes(b"png")
    (tmp_path / "report.md").write_text(
        "# Title\n\n![one](plots/a.png)\n![gone](plots/b.png)\n\n| a |\n|:--|\n| # 1 |\n"
    )
    title, rest = report_markdown(tmp_path / "report.md").split("\n", 1)
    assert title == "## Title"
    assert "![one](mmgrad-assets/plots/" in rest
    assert "gone" not in rest
    assert "| # 1 |" in rest


def test_without_a_report_there_is_nothing(tmp_path):
    assert report_markdown(tmp_path / "none.md") == ""
