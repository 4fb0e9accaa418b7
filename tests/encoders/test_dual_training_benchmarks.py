"""A head trained on a handful of a benchmark's triplets, without masks: it learns, is loaded and judged."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgrad.datasets.cirr import read_cirr
from mmgrad.datasets.fashioniq import read_fashioniq
from mmgrad.encoders.dual_encoder import DualEncoder
from mmgrad.errors import InputError
from mmgrad.evaluation.protocols.benchmarks import evaluate_benchmark
from mmgrad.imaging.io import load_image
from mmgrad.models.composer import Composer
from mmgrad.models.model import load_model
from mmgrad.training import benchmark_cache as benchmarks
from mmgrad.training import loop
from mmgrad.training.batches import Batch, MirrorTargets, Sampler
from mmgrad.training.features import Features
from mmgrad.training.loop import train
from mmgrad.training.losses import compute_loss
from mmgrad.training.settings import Settings

SETTINGS = Settings(
    steps=40,
    families=2,
    per_family=6,
    learning_rate=0.01,
    warmup=4,
    evaluate_every=40,
    attention_stride=2,
    attention_ramp=10,
)
NAMES = ("fashioniq", "cirr")


@pytest.fixture(scope="module", autouse=True)
def _small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Composer", partial(Composer, width=32, heads=2, layers=1, num_pools=3))
        yield


@pytest.fixture(scope="module")
def encoder(folders: dict[str, Path]) -> DualEncoder:
    return DualEncoder(folders["clip"])


def with_train(root: Path) -> Path:
    """The same benchmark with a split to train on, which is that of validation."""
    for path in [*root.glob("captions/*.val.json"), *root.glob("image_splits/*.val.json")]:
        shutil.copy(path, path.with_name(path.name.replace(".val.", ".train.")))
    return root


@pytest.fixture(params=NAMES)
def benchmark(request: pytest.FixtureRequest) -> tuple[str, Path]:
    return request.param, with_train(request.getfixturevalue(f"{request.param}_root"))


def built(encoder: DualEncoder, benchmark: tuple[str, Path], folder: Path, split: str = "train") -> Features:
    return benchmarks.build(folder, encoder, *benchmark, split, workers=0)


def composer_over(encoder: DualEncoder, batch: Batch) -> Composer:
    torch.manual_seed(0)
    made = Composer(encoder.channels, encoder.token_width, encoder.grid, width=32, heads=2, layers=1, num_pools=3)
    made.mean.copy_(batch.features.mean(dim=(0, 2, 3)))
    made.std.copy_(batch.features.std(dim=(0, 2, 3)).clamp_min(1e-3))
    for parameter in made.parameters():  # some layers begin at zero: a text would change nothing
        parameter.data += 0.1 * torch.randn_like(parameter)
    return made


def test_every_triplet_has_its_text_its_pictures_and_their_mirror_images(encoder, benchmark, tmp_path: Path) -> None:
    read = {"fashioniq": read_fashioniq, "cirr": read_cirr}[benchmark[0]](benchmark[1], "train")
    data = built(encoder, benchmark, tmp_path)
    asked = {query.text: query for query in read.queries}
    assert len(data.info) == len(read.queries) == len(asked)
    for i, row in enumerate(data.info):
        query = asked[row["text"]]
        for end, name in ((data.reference, query.reference), (data.target, query.truths[0])):
            picture = load_image(read.gallery[name])
            for mirrored, image in ((False, picture), (True, np.ascontiguousarray(picture[:, ::-1]))):
                fresh = encoder.trunk(encoder.prepare([image])[0])
                kept = encoder.unpack(*data.scenes(end[i : i + 1], mirrored))
                assert torch.allclose(kept, fresh, rtol=1e-3, atol=2e-3)
        family = data.members[int(data.family[i])].tolist()
        assert {int(data.reference[i]), int(data.target[i])} <= set(family)
        if benchmark[0] == "cirr":
            assert len(family) == len(query.subset) == 6


def test_a_batch_holds_each_picture_once_and_points_at_the_right_ones(encoder, benchmark, tmp_path: Path) -> None:
    data = built(encoder, benchmark, tmp_path)
    batch = Sampler(data, replace(SETTINGS, families=4), encoder).batch(0)
    assert isinstance(batch.attention, MirrorTargets)
    assert batch.attention.features.shape == batch.features.shape
    chosen = torch.randperm(len(data.members), generator=torch.Generator().manual_seed(0))[:4]
    union = {scene for family in chosen.tolist() for scene in data.members[family].tolist()}
    assert len(batch.features) == len(union)
    whole = encoder.unpack(*data.scenes(torch.arange(int(data.scene_starts[-1]))))
    pairs = {(int(r), int(t)) for r, t in zip(data.reference, data.target, strict=True)}
    for reference, target in zip(batch.reference.tolist(), batch.target.tolist(), strict=True):
        ends = [
            {i for i, one in enumerate(whole) if torch.equal(one, batch.features[end])} for end in (reference, target)
        ]
        assert any((r, t) in pairs for r in ends[0] for t in ends[1])


def test_the_loss_falls_and_the_checkpoint_is_judged(encoder, benchmark, tmp_path: Path) -> None:
    data, held_out = (built(encoder, benchmark, tmp_path / "cache", split) for split in ("train", "val"))
    batch = Sampler(data, SETTINGS, encoder).batch(0)
    torch.manual_seed(0)
    fresh = loop.Composer(encoder.channels, encoder.token_width, encoder.grid).eval().requires_grad_(False)
    before, _ = compute_loss(fresh, batch, encoder.to_grid, replace(SETTINGS, attention_loss_weight=0.0), 0)
    trained = train(SETTINGS, data, {"validation": held_out}, encoder, tmp_path / "run")
    after, _ = compute_loss(trained, batch, encoder.to_grid, replace(SETTINGS, attention_loss_weight=0.0), 0)
    assert float(after) < 0.9 * float(before)
    log = (tmp_path / "run" / "log.jsonl").read_text()
    assert "validation_recall_at_10" in log
    model = load_model(tmp_path / "run", "cpu")
    assert model.card["training"]["step"] == 40
    results = evaluate_benchmark(model, *benchmark, progress=False)
    assert set(results.table["method"]) == {"composed query", "image only", "text only"}


def test_maps_of_mirrored_pictures_are_brought_together(encoder, fashioniq_root: Path, tmp_path: Path) -> None:
    """The consistency loss alone, minimised over a few triplets, falls."""
    data = built(encoder, ("fashioniq", with_train(fashioniq_root)), tmp_path)
    settings = replace(SETTINGS, attention_loss_weight=1.0, attention_ramp=1, attention_stride=1, attention_every=1)
    batch = Sampler(data, settings, encoder).batch(1)
    composer = composer_over(encoder, batch)
    optimizer, losses = torch.optim.Adam(composer.parameters(), lr=3e-3), []
    for _ in range(15):
        whole, parts = compute_loss(composer.eval(), batch, encoder.to_grid, settings, 1)
        plain, _ = compute_loss(composer, batch, encoder.to_grid, replace(settings, attention_loss_weight=0.0), 1)
        composer.zero_grad()
        (whole - plain).backward()
        optimizer.step()
        losses.append(parts["eqv_ref"] + parts["eqv_tgt"])
    assert losses[0] > 0.01
    assert losses[-1] < 0.7 * losses[0]


def test_texts_that_say_left_or_right_are_not_asked_of_a_mirror(encoder, fashioniq_root: Path, tmp_path: Path) -> None:
    data = built(encoder, ("fashioniq", with_train(fashioniq_root)), tmp_path)
    settings = replace(SETTINGS, attention_loss_weight=1.0, attention_ramp=1, attention_stride=1, attention_every=2)
    batch = Sampler(data, settings, encoder).batch(2)
    composer = composer_over(encoder, batch).eval()
    assert isinstance(batch.attention, MirrorTargets)
    every = replace(batch, attention=replace(batch.attention, unsided=batch.attention.unsided[:0]))
    _, parts = compute_loss(composer, batch, encoder.to_grid, settings, 2)
    _, none = compute_loss(composer, every, encoder.to_grid, settings, 2)
    assert parts["eqv_ref"] > 0
    assert none["eqv_ref"] == none["eqv_tgt"] == 0


def test_a_cache_is_used_again_until_a_picture_changes(encoder, cirr_root: Path, tmp_path: Path, monkeypatch) -> None:
    given = ("cirr", with_train(cirr_root))
    built(encoder, given, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(encoder, "stages", lambda *_: pytest.fail("it was encoded again"))
        patch.setattr(encoder, "encode_tokens", lambda *_: pytest.fail("it was read again"))
        built(encoder, given, tmp_path)
    read = read_cirr(given[1], "train")
    path = read.gallery[read.queries[0].reference]
    path.write_bytes(next(p for p in read.gallery.values() if p != path).read_bytes() + b"\n")
    encoded: list[int] = []
    stages = encoder.stages
    monkeypatch.setattr(encoder, "stages", lambda pixels: encoded.append(len(pixels)) or stages(pixels))
    built(encoder, given, tmp_path)
    assert encoded


def test_a_split_whose_targets_are_secret_is_refused(encoder, cirr_root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="are secret"):
        built(encoder, ("cirr", cirr_root), tmp_path, "test1")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--data", "cirr"], "Say where cirr lies"),
        (["--root", "."], "belongs to a benchmark"),
        (["--data", "cirr", "--root", ".", "--photos", "."], "in one run"),
        (["--model", "no/such"], "There is no model 'no/such'"),
    ],
)
def test_options_that_do_not_go_together_are_one_sentence(options, told, tmp_path, monkeypatch, capsys) -> None:
    from huggingface_hub import constants

    from mmgrad import cli

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", *options]) == 2
    assert told in capsys.readouterr().err
