import base64

import cv2
import numpy as np
import pytest

from mmgrad.app.colors import DEFAULT, OPACITY, choose_table, color_view, heat_tables
from mmgrad.app.example_cache import answer
from mmgrad.app.examples import load_examples
from mmgrad.app.view import View

VISIBLE = 20  # CIE 1976 units


def picture(color: tuple[int, int, int]) -> np.ndarray:
    return np.full((90, 120, 3), color, np.uint8)


def test_colors_are_clear_where_there_is_no_evidence_and_dense_at_the_ends():
    tables = {
        name: np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 4) for name, text in color_view().items()
    }
    signed = tables.pop("signed")
    assert len(tables) == 2
    for heat in tables.values():
        assert heat.shape == (256, 4)
        assert (heat[0, 3], heat[-1, 3]) == (0, 255)
        assert (np.diff(heat[:, 3].astype(int)) >= 0).all()
    assert (signed[255, 3], signed[0, 3], signed[-1, 3]) == (0, 255, 255)
    assert tuple(signed[0, :3]) != tuple(signed[-1, :3])


def test_lightness_rises_with_the_evidence_in_every_table():
    for table in heat_tables().values():
        lightness = cv2.cvtColor((table[None, :, :3] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0, :, 0]
        assert (np.diff(lightness) > -0.5).all()
        assert lightness[-1] - lightness[0] > 40


@pytest.mark.parametrize(
    ("color", "table"), [((30, 60, 160), "ember"), ((245, 150, 30), "ice"), ((240, 170, 60), "ice")]
)
def test_warm_pictures_get_the_cool_table(make_map, color, table):
    attention = make_map(picture(color), 7, 7, 0.02)
    assert choose_table([(picture(color), attention, attention.peak)]) == table


def test_the_default_is_kept_where_nothing_is_lit(make_map):
    nothing = make_map(picture((245, 150, 30)), 7, 7, 0.0)
    assert choose_table([(picture((245, 150, 30)), nothing, 0.0)]) == DEFAULT
    assert choose_table([]) == DEFAULT


def test_one_table_is_chosen_for_pictures_of_both_kinds(make_map):
    warm, cold = picture((245, 150, 30)), picture((90, 90, 90))
    panels = [(each, make_map(each, 7, 7, 0.02), 0.02) for each in (warm, cold)]
    assert choose_table(panels) == "ice"


@pytest.mark.slow
def test_the_glow_is_seen_on_every_picture_of_every_example(engine):
    """Measured at the picture's own pixels, apart from the code that chooses."""
    faint = []
    lit = 0
    for example in load_examples():
        *_, explanation = engine.stream(example.path, example.text, 12)
        view: View = answer(explanation)
        table = heat_tables()[view["colors"]].astype(float)
        panels = [(explanation.image, explanation.reference, view["reference"]["scale"]["peak"])]
        panels += [(hit.image, hit.attention, view["scale"]["peak"]) for hit in explanation.hits]
        for number, (image, attention, peak) in enumerate(panels):
            if attention.empty:
                continue
            share = np.clip(attention.on_original() / peak, 0, 1)
            if not (share >= 0.5).any():
                continue
            color = table[np.rint(255 * share).astype(int)]
            alpha = OPACITY * color[..., 3:] / 255
            over = image * (1 - alpha) + color[..., :3] * alpha
            one, other = (cv2.cvtColor((each / 255).astype(np.float32), cv2.COLOR_RGB2LAB) for each in (image, over))
            seen = np.median(np.linalg.norm(one - other, axis=2)[share >= 0.5])
            lit += 1
            if seen < VISIBLE:
                faint.append((example.id, number, view["colors"], round(float(seen), 1)))
    assert lit > len(load_examples())
    assert faint == []
