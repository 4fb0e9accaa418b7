import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from mmgrad import cli, engine
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.engine import Engine, load
from mmgrad.evaluation import EvaluationOptions, Results, command
from mmgrad.evaluation.table import row
from mmgrad.imaging.io import MAX_SIDE, READ_SIDE
from mmgrad.models.checkpoint import save_composer
from mmgrad.models.composer import Composer
from mmgrad.synthetic.families import TRAIN_FAMILIES, VALIDATION_FAMILIES
from mmgrad.training import command as training_command
from mmgrad.training import scene_cache as cache
from mmgrad.training.scene_cache import Part
from mmgrad.training.settings import Settings

TEXT = "replace the ball with a red kite"


@pytest.fixture(scope="module", autouse=True)
def _loaded_once() -> Iterator[None]:
    """The frozen encoder is the same for every command: read its files once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mmgrad.models.model.CompactEncoder", lru_cache(maxsize=None)(CompactEncoder))
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An untrained checkpoint, and a gallery of noise: one picture large, one on its side."""
    root = tmp_path_factory.mktemp("cli")
    torch.manual_seed(0)
    composer = Composer(CompactEncoder.channels, CompactEncoder.token_width, CompactEncoder.grid)
    for parameter in composer.parameters():  # some layers begin at zero: a text would change nothing
        parameter.data += 0.02 * torch.randn_like(parameter)
    save_composer(composer, {"name": "untrained"}, root / "model")
    (root / "gallery").mkdir()
    rng = np.random.default_rng(0)
    for number in range(4):
        _noise(rng, 60, 80).save(root / "gallery" / f"{number}.png")
    _noise(rng, 48, MAX_SIDE + 500).save(root / "gallery" / "wide.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    _noise(rng, 40, 90).save(root / "gallery" / "turned.jpg", exif=turned)
    return root / "model", root / "gallery"


@pytest.fixture
def options(folders: tuple[Path, Path]) -> list[str]:
    return ["--model", str(folders[0]), "--gallery", str(folders[1])]


def _noise(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8))


def _explain(image: Path, out: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    arguments = ["explain", str(image), TEXT, *options, "--out", str(out), "--json"]
    assert cli.main(arguments) == 0
    result: dict = json.loads(capsys.readouterr().out)
    return result


def test_explain_prints_json_with_all_keys_and_nothing_else(
    folders: tuple[Path, Path], options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = _explain(folders[1] / "0.png", tmp_path / "new" / "out", options, capsys)
    assert {"text", "model", "gallery", "reference", "words", "hits", "timing_ms"} <= set(result)
    assert (result["text"], result["model"], result["gallery"]) == (TEXT, "untrained", "gallery")
    assert {"peak_xy", "width", "height", "total_positive", "map", "overlay"} <= set(result["reference"])
    assert [TEXT[word["start"] : word["end"]] for word in result["words"]] == TEXT.split()
    assert [hit["rank"] for hit in result["hits"]] == [1, 2, 3, 4, 5, 6]
    for hit in result["hits"]:
        assert {"rank", "id", "path", "score", "peak_xy", "map", "overlay"} <= set(hit)
        assert Path(hit["path"]).is_file()


def test_maps_have_the_resolution_of_the_original_and_their_peak_is_told(
    folders: tuple[Path, Path], options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {"turned.jpg": (90, 40), "wide.png": (48, MAX_SIDE + 500)}  # upright, unbounded
    result = load(folders[0], folders[1]).explain(folders[1] / "wide.png", TEXT, 6).save(tmp_path, full_resolution=True)
    shown = [("wide.png", result["reference"]), *((hit["id"], hit) for hit in result["hits"])]
    for name, entry in shown:
        values = np.load(entry["map"])
        assert values.dtype == np.float32
        assert values.shape == sizes.get(name, (60, 80))
        assert values.min() >= 0
        x, y = entry["peak_xy"]
        assert values[y, x] == pytest.approx(values.max(), rel=1e-5)
        assert values.max() > 0
        with Image.open(entry["overlay"]) as overlay:
            assert overlay.format == "PNG"


def test_a_picture_that_was_scaled_down_keeps_the_place_of_its_peak(
    folders: tuple[Path, Path], options: list[str], tmp_path: Path
) -> None:
    found: Engine = load(folders[0], folders[1])
    explanation = found.explain(folders[1] / "wide.png", TEXT, 1)
    result = explanation.save(tmp_path)
    width = explanation.image.shape[1]
    assert width == READ_SIDE
    x = int(explanation.reference.on_pixels(*explanation.image.shape[:2]).argmax()) % width
    scale = (MAX_SIDE + 500) / width
    assert result["reference"]["peak_xy"][0] == pytest.approx((x + 0.5) * scale - 0.5, abs=scale)
    assert (result["reference"]["width"], result["reference"]["height"]) == (MAX_SIDE + 500, 48)


def test_no_evidence_is_null_and_leaves_the_picture_as_it_is(folders: tuple[Path, Path], tmp_path: Path) -> None:
    found = load(folders[0], folders[1])
    strict = replace(found.model, card=found.model.card | {"no_evidence": {"reference": 1e9}})
    source = folders[1] / "0.png"
    reference = Engine(strict, found.gallery).explain(source, TEXT, 1).save(tmp_path)["reference"]
    assert reference["peak_xy"] is None
    with Image.open(source) as original, Image.open(reference["overlay"]) as overlay:
        assert (np.asarray(original) == np.asarray(overlay)).all()


def test_explain_without_json_is_text_for_people(
    folders: tuple[Path, Path], options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["explain", str(folders[1] / "1.png"), TEXT, *options, "--top-k", "2", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert TEXT in out
    assert "peak at x" in out
    assert str(tmp_path / "hit-02.png") in out


def test_search_prints_the_ids_that_the_engine_finds(
    folders: tuple[Path, Path], options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["search", str(folders[1] / "2.png"), TEXT, *options, "--top-k", "3"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    expected = load(*folders).explain(folders[1] / "2.png", TEXT, 3).hits
    assert [(int(rank), name) for rank, _, name in lines] == [(hit.rank, hit.record.id) for hit in expected]


def test_index_makes_a_gallery_and_names_what_it_left_out(
    folders: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    _noise(np.random.default_rng(0), 20, 20).save(tmp_path / "good.png")
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    assert cli.main(["index", str(tmp_path), "--model", str(folders[0])]) == 0
    printed = capsys.readouterr()
    assert "1 pictures indexed" in printed.out
    assert "broken.png" in printed.err
    assert list((tmp_path / ".mmgrad").glob("*.safetensors"))
    assert cli.main(["index", str(tmp_path), "--model", str(folders[0])]) == 0
    assert "0 pictures embedded, 1 known already, 1 left out" in caplog.text


def test_an_archive_is_explained_like_a_folder(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = shutil.make_archive(str(tmp_path / "noise"), "zip", folders[1])
    options = ["--model", str(folders[0]), "--gallery"]
    found = _explain(folders[1] / "0.png", tmp_path / "zip", [*options, archive], capsys)
    same = _explain(folders[1] / "0.png", tmp_path / "folder", [*options, str(folders[1])], capsys)
    assert [(hit["id"], hit["peak_xy"]) for hit in found["hits"]] == [
        (hit["id"], hit["peak_xy"]) for hit in same["hits"]
    ]
    assert found["hits"][0]["path"] == f"{archive}/{found['hits'][0]['id']}"


@pytest.mark.parametrize(
    ("image", "text", "extra", "told"),
    [
        ("missing.png", TEXT, [], "missing.png"),
        ("0.png", "   ", [], "empty"),
        ("0.png", "x" * 5000, [], "5000"),
        ("0.png", "\udcff", [], "UTF-8"),
        ("0.png", TEXT, ["--top-k", "0"], "not 0"),
        ("0.png", TEXT, ["--gallery", "nowhere"], "nowhere"),
        ("0.png", TEXT, ["--model", "nothing"], "nothing"),
        ("0.png", TEXT, ["--out", "/dev/null/out"], "/dev/null"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence_and_status_2(
    image: str,
    text: str,
    extra: list[str],
    told: str,
    folders: tuple[Path, Path],
    options: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = ["--out", str(tmp_path)]
    assert cli.main(["explain", str(folders[1] / image), text, *options, *out, *extra]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = [line for line in printed.err.splitlines() if line.startswith("mmgrad:")]
    assert len(lines) == 1
    assert told in lines[0]
    assert "Traceback" not in printed.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["explain", "a.png"],
        ["explain", "a.png", "text", "--top-k", "many"],
        ["evaluate", "--split", "training"],
        ["evaluate", "--families", "0"],
        ["train", "--attention-loss-weight", "nan"],
        ["train", "--steps", "-1"],
        ["calibrate"],
        ["train", "--seed", "-1"],
    ],
)
def test_mistyped_arguments_end_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_an_interruption_is_quiet_and_ends_with_130(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> Engine:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "load", interrupted)
    assert cli.main(["search", "a.png", TEXT, *options]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_defect_is_not_hidden(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "load", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["search", "a.png", TEXT, *options])


def test_only_warnings_are_logged() -> None:
    assert logging.getLogger("mmgrad").getEffectiveLevel() == logging.WARNING


def test_evaluate_writes_what_was_asked_for_and_compares(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict = {}

    def evaluate(
        encoder: object, composers: dict, options: EvaluationOptions, thresholds: dict, **_: object
    ) -> Results:
        asked.update(options=options, names=list(composers), thresholds=thresholds)
        return Results.of({"queries": 7}, [row("retrieval", "recall@1", 0.5, model="other")])

    monkeypatch.setattr(command, "evaluate", evaluate)
    monkeypatch.setattr(command, "markdown", lambda results: f"# {results.settings['queries']} queries")
    files = ["--json", str(tmp_path / "a" / "r.json"), "--markdown", str(tmp_path / "b" / "r.md")]
    files += ["--csv", str(tmp_path / "c" / "r.csv")]
    torch.manual_seed(1)
    other = Composer(CompactEncoder.channels, CompactEncoder.token_width, CompactEncoder.grid)
    save_composer(other, {"name": "untrained"}, tmp_path / "other")
    compared = ["--model", str(folders[0]), "--compare", str(tmp_path / "other")]
    assert cli.main(["evaluate", *compared, "--families", "5", *files]) == 0
    assert (asked["options"].split, asked["options"].families) == ("test", 5)
    assert asked["names"] == ["untrained", "other"]
    assert asked["thresholds"] == {}
    read = Results.read_json(tmp_path / "a" / "r.json")
    assert read.settings["queries"] == 7
    assert len(set(read.settings["fingerprints"].values())) == 2
    assert read.value("retrieval", "recall@1").mean == 0.5
    assert (tmp_path / "c" / "r.csv").read_text().startswith("table,model,method,")
    assert (tmp_path / "b" / "r.md").read_text() == "# 7 queries\n"
    assert capsys.readouterr().out == "# 7 queries\n"


def test_a_checkpoint_of_another_encoder_is_not_compared(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_composer(Composer(5, 4, 3, width=16, heads=2), {}, tmp_path / "other")
    assert cli.main(["evaluate", "--model", str(folders[0]), "--compare", str(tmp_path / "other")]) == 2
    assert "another encoder" in capsys.readouterr().err


def test_a_model_is_not_compared_with_itself(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folders[0], tmp_path / "copy")
    assert cli.main(["evaluate", "--model", str(folders[0]), "--compare", str(tmp_path / "copy")]) == 2
    assert "very weights" in capsys.readouterr().err


def test_train_takes_its_settings_from_the_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built, trained = [], []
    encoder = SimpleNamespace(name="compact", source="compact", device=torch.device("cpu"))
    monkeypatch.setattr(training_command, "load_encoder", lambda name, device: encoder)

    def build(*given: object) -> object:
        built.append(given)
        return given

    monkeypatch.setattr(cache, "build", build)
    monkeypatch.setattr(training_command, "train", lambda *given: trained.append(given))
    arguments = ["--out", str(tmp_path), "--cache", str(tmp_path / "c"), "--families", "8", "--steps", "3"]
    arguments += [
        "--attention-loss-weight",
        "0",
        "--seed",
        "4",
        "--validation-families",
        "2",
        "--init-from",
        "one",
        "other",
    ]
    assert cli.main(["train", *arguments]) == 0
    parts = (Part("train", 8), Part("validation", 2))
    data, validation = ((tmp_path / "c", encoder, part) for part in parts)
    assert built == [data, validation]
    settings = Settings(steps=3, attention_loss_weight=0.0, seed=4)
    begin = [Path("one"), Path("other")]
    assert trained == [(settings, data, {"validation": validation}, encoder, tmp_path, begin, ())]


def test_train_takes_photographs_beside_the_scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []
    encoder = SimpleNamespace(name="compact", source="compact", device=torch.device("cpu"))
    monkeypatch.setattr(training_command, "load_encoder", lambda name, device: encoder)
    monkeypatch.setattr(cache, "build", lambda folder, encoder, *parts: parts)
    monkeypatch.setattr(training_command, "train", lambda *given: trained.append(given))
    monkeypatch.setattr(training_command, "load_photographs", lambda folder: ("photographs of", folder))
    photos = tmp_path / "photos"
    arguments = ["--out", str(tmp_path), "--families", "10", "--validation-families", "4", "--photos", str(photos)]
    assert cli.main(["train", *arguments]) == 0
    assert trained[0][1] == (Part("train", 10), Part("train", 2, photos))
    assert trained[0][2] == {"validation": (Part("validation", 4),), "photographs": (Part("validation", 2, photos),)}
    assert trained[0][6] == ("photographs of", photos)
    assert cli.main(["train", *arguments, "--start-index", "50"]) == 0
    assert trained[1][1] == (Part("train", 10, first=50), Part("train", 2, photos, first=10))
    assert trained[1][2] == trained[0][2]


def test_calibrating_reads_validation_data_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calibrated = []
    encoder = SimpleNamespace(name="compact", source="compact", device=torch.device("cpu"))
    monkeypatch.setattr(training_command, "load_encoder", lambda name, device: encoder)
    monkeypatch.setattr(cache, "build", lambda folder, encoder, *parts: parts)
    monkeypatch.setattr(training_command, "calibrate", lambda *given: calibrated.append(given) or {"validation": 0.5})
    options = ["--out", str(tmp_path / "new"), "--validation-families", "4"]
    assert cli.main(["calibrate", "one", "other", *options]) == 0
    validation = {"validation": (Part("validation", 4),)}
    assert calibrated == [([Path("one"), Path("other")], validation, encoder, tmp_path / "new", ())]


def test_training_runs_on_the_device_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    encoder = SimpleNamespace(name="compact", source="compact", device=torch.device("cpu"))
    monkeypatch.setattr(training_command, "load_encoder", lambda *given: asked.append(given) or encoder)
    monkeypatch.setattr(cache, "build", lambda folder, encoder, *parts: parts)
    monkeypatch.setattr(training_command, "train", lambda *given: None)
    assert cli.main(["train", "--out", str(tmp_path), "--device", "cpu", "--model", "compact"]) == 0
    assert asked == [("compact", torch.device("cpu"))]
    assert cli.main(["train", "--out", str(tmp_path), "--device", "abacus"]) == 2


def test_a_benchmark_has_no_first_family(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    benchmark = ["--data", "cirr", "--root", str(tmp_path)]
    assert cli.main(["train", *benchmark, "--out", str(tmp_path), "--start-index", "5"]) == 2
    assert "belongs to composed scenes" in capsys.readouterr().err


def test_a_model_and_a_gallery_are_pushed_and_used_by_their_names(options, local_hub, capsys):
    assert cli.main(["push-model", "me/mine", *options[:2], "--private"]) == 0
    assert cli.main(["push-gallery", "me/shelf", *options]) == 0
    assert capsys.readouterr().out.splitlines() == ["hub:me/mine", "hub:me/shelf"]
    query = [str(Path(options[3]) / "0.png"), TEXT, "--top-k", "3"]
    assert cli.main(["search", *query, "--model", "me/mine", "--gallery", "me/shelf"]) == 0
    pulled = capsys.readouterr().out
    assert cli.main(["search", *query, *options]) == 0
    assert pulled == capsys.readouterr().out


def test_results_of_another_model_are_not_pushed(options, local_hub, tmp_path, capsys):
    report = tmp_path / "report.json"
    report.write_text(
        json.dumps({"settings": {"split": "test", "fingerprints": {"other": "0" * 16}}, "columns": [], "rows": []})
    )
    assert cli.main(["push-model", "me/mine", *options[:2], "--results", str(report)]) == 2
    assert "is of another model than this" in capsys.readouterr().err
    assert not local_hub.repository("me/mine").exists()


def test_the_defaults_that_the_help_of_training_tells_are_those_of_the_data(capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert f"default: {TRAIN_FAMILIES})" in told
    assert f"default: {VALIDATION_FAMILIES}" in told
    assert f"default: {Settings().steps})" in told
    assert f"default: {Settings().learning_rate}" in told


def test_boxes_without_photographs_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", "--boxes", str(tmp_path / "boxes.csv")]) == 2
    assert "--photos DIR --boxes FILE" in capsys.readouterr().err
