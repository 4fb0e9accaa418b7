"""See which region the text is changing: maps over pictures, ways to draw them, values under the pointer."""

from dataclasses import replace

import numpy as np
import pytest

from mmgrad.app.colors import heat_tables


@pytest.fixture
def visitor(visit, size, photo):
    here = visit(size)
    here.ask(photo, "make the box blue")
    return here


def test_the_answer_has_the_reference_the_results_and_their_maps(visitor):
    page = visitor.page
    assert page.locator(".mm-reference img.mm-picture").count() == 1
    assert page.locator(".mm-hit").count() == 12
    assert len(visitor.maps()) == 12  # the reference and eleven results
    assert page.locator(".mm-results .mm-none:visible").all_inner_texts() == ["no evidence: below the level of noise"]
    assert page.locator(".mm-hit .mm-caption").first.inner_text().split() == [
        "1",
        "0.880",
        "a",
        "picture",
        "of",
        "number",
        "0",
    ]
    heights = page.eval_on_selector_all(".mm-hit", "all => all.map((each) => each.getBoundingClientRect().height)")
    assert max(heights) - min(heights) < 1
    visitor.shoot("answer")


def test_every_map_lies_exactly_over_its_picture(visitor):
    boxes = visitor.page.eval_on_selector_all(
        ".mm-columns .mm-fit",
        """all => all.map((each) => [".mm-picture", ".mm-heat"].map((part) => {
            const one = each.querySelector(part);
            const { x, y, width, height } = one.getBoundingClientRect();
            return [x, y, width, height, (one.naturalWidth ?? one.width) / (one.naturalHeight ?? one.height)];
        }))""",
    )
    shown = [(picture, heat) for picture, heat in boxes if heat[2]]
    assert len(shown) == 12
    for picture, heat in shown:
        assert heat[:4] == picture[:4]
        assert picture[2] / picture[3] == pytest.approx(picture[4], rel=0.02)  # not squeezed; a pixel of rounding
        assert heat[4] == pytest.approx(picture[4], rel=0.02)


DRAWN = """each => {
    const { width, height } = each;
    const { data } = each.getContext("2d").getImageData(0, 0, width, height);
    return { width, height, alpha: Array.from({ length: width * height }, (_, i) => data[4 * i + 3]) };
}"""


def test_what_is_drawn_is_what_the_engine_computes(visitor, served, photo):
    explanation = served.explain(photo, "make the box blue", 12)
    scale = max(hit.attention.peak for hit in explanation.hits)
    expected = [(explanation.reference, explanation.reference.peak)]
    expected += [(hit.attention, scale) for hit in explanation.hits if not hit.attention.empty]
    canvases = visitor.page.locator(".mm-columns canvas.mm-heat:visible").all()
    assert len(canvases) == len(expected) == 12
    for canvas, (attention, peak) in zip(canvases, expected, strict=True):
        compare(canvas.evaluate(DRAWN), attention, peak)


def compare(drawn: dict, attention, peak: float) -> None:
    """Turn the opacity of a heat map back into values, and compare them with the engine's."""
    alphas = heat_tables()["ember"][:, 3]
    shape = drawn["height"], drawn["width"]
    steps = np.searchsorted(alphas, np.array(drawn["alpha"]).reshape(shape))
    box = replace(attention.letterbox, height=shape[0], width=shape[1])
    truth = box.restore(np.maximum(attention.values, 0))
    assert steps.max() == pytest.approx(255 * attention.peak / peak, abs=2)
    assert abs(steps / 255 - np.clip(truth / peak, 0, 1)).max() < 0.01
    if attention.peak < peak / 4:
        return  # too few of the 255 steps to tell where half of its peak is
    half = 0.5 * attention.peak
    ours, theirs = steps * peak / 255 >= half, truth >= half
    assert (ours & theirs).sum() / (ours | theirs).sum() >= 0.98


def test_contour_spotlight_and_signed_evidence_are_drawn_without_a_request(visitor):
    page = visitor.page
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    looks = {"heat": visitor.maps()}
    for mode in ("contour", "spotlight", "signed"):
        page.check(f".mm-modes input[value={mode}]", force=True)
        looks[mode] = visitor.maps()
        visitor.shoot(mode)
    assert len({look[0] for look in looks.values()}) == 4
    assert [len(look) for look in looks.values()] == [
        12,
        12,
        13,
        12,
    ]  # the spotlight leaves the picture without evidence dark
    page.check(".mm-modes input[value=heat]", force=True)
    assert visitor.maps() == looks["heat"]
    assert [url for url in requests if not url.startswith("data:") and "heartbeat" not in url] == []


def test_one_slider_sets_the_opacity_of_all(visitor):
    page = visitor.page
    page.locator(".mm-toolbar .mm-opacity input").fill("20")
    opacities = page.eval_on_selector_all(
        ".mm-heat:not([hidden])", "all => all.map((each) => getComputedStyle(each).opacity)"
    )
    assert set(opacities) == {"0.2"}


def test_the_legend_names_the_strongest_and_each_group_its_own_scale(visitor):
    legends = visitor.page.locator(".mm-columns .mm-legend").all_inner_texts()
    assert [text.split() for text in legends] == [
        ["none", "0.02,", "the", "strongest", "in", "your", "picture"],
        ["none", "0.012,", "the", "strongest", "in", "the", "results"],
    ]


def test_the_value_under_the_pointer_is_told(visitor):
    fit = visitor.page.locator(".mm-reference .mm-fit")
    box = fit.bounding_box()
    fit.hover(position={"x": box["width"] * 4.5 / 14, "y": box["height"] * 0.2})
    share = visitor.page.locator(".mm-reference .mm-value").inner_text()
    assert share.endswith("%")
    assert 50 < int(share.split()[-2]) <= 100


def test_how_sure_the_search_is_of_its_first_result_is_said(visitor, photo):
    sure = visitor.page.locator(".mm-confidence")
    assert sure.inner_text() == "How likely the top result is what you asked for: 82 % (high)."
    visitor.ask(photo, "make it red")
    assert sure.inner_text().startswith(
        "How likely the top result is what you asked for: 12 % (low). The gallery may not hold"
    )
