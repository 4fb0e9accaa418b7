"""A run over a handful of real families: it learns, and a killed one goes on as if nothing had happened."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmgrad.encoders.compact import CompactEncoder
from mmgrad.errors import InputError, ModelError
from mmgrad.models.checkpoint import init_from, load_composer, save_composer
from mmgrad.models.composer import Composer
from mmgrad.synthetic.triplets import OTHERS
from mmgrad.training import loop
from mmgrad.training import scene_cache as cache
from mmgrad.training.batches import Sampler
from mmgrad.training.calibrate import calibrate
from mmgrad.training.calibration import BRANCH_WEIGHTS, EDIT_SCALES, _threshold, tune_branch_weight, tune_edit_scale
from mmgrad.training.cross_batch_memory import CrossBatchMemory
from mmgrad.training.features import Features
from mmgrad.training.loop import composer_for, train
from mmgrad.training.losses import compute_loss
from mmgrad.training.run_state import stored_settings
from mmgrad.training.scene_cache import Part
from mmgrad.training.settings import Settings, attended_triplets, attention_loss_weight
from mmgrad.training.validation import recall


@pytest.fixture(scope="module", autouse=True)
def _small():
    """A head of few weights: what is tested is the loop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Composer", partial(Composer, width=64, heads=4, layers=1, num_pools=4))
        yield


@pytest.fixture(scope="module")
def encoder() -> CompactEncoder:
    return CompactEncoder()


@pytest.fixture(scope="module")
def data(encoder, tmp_path_factory) -> Features:
    return cache.build(tmp_path_factory.mktemp("cache"), encoder, Part("validation", 4), workers=1)


SETTINGS = Settings(steps=6, families=3, per_family=4, warmup=2, evaluate_every=3, attention_ramp=2)


def test_cached_features_are_those_of_the_trunk(encoder, data):
    from mmgrad.synthetic.asset_library import load_asset_library
    from mmgrad.synthetic.families import make_family

    family = make_family(load_asset_library(), "validation", 2)
    kept = encoder.unpack(*data.scenes(data.members[2]))
    fresh = encoder.trunk(encoder.prepare(family.scenes)[0])
    # half precision in the trunk and on disk
    assert float((kept - fresh).abs().mean()) < 0.02 * float(fresh.abs().mean())
    own = [row["text"] for row, f in zip(data.info, data.family.tolist(), strict=True) if f == 2]
    assert own == [triplet.text for triplet in family.triplets]


def test_a_part_may_begin_with_a_later_family(encoder, data, tmp_path: Path):
    later = cache.build(tmp_path, encoder, Part("validation", 1, first=2), workers=0)
    own = [row for row, f in zip(data.info, data.family.tolist(), strict=True) if f == 2]
    assert [row["text"] for row in later.info] == [row["text"] for row in own]
    assert len(later.members) == 1
    assert len(later.members[0]) == len(data.members[2])


def test_a_sentence_of_training_is_read_in_each_of_its_ways(encoder, tmp_path: Path):
    trained_on = cache.build(tmp_path, encoder, Part("train", 1), workers=0)
    index = torch.arange(len(trained_on.info))
    for way in range(1 + OTHERS):
        states, mask = trained_on.texts(index, encoder, torch.full((len(index),), (way + 0.5) / (1 + OTHERS)))
        texts = [(row["text"], *row["others"])[way] for row in trained_on.info]
        fresh = encoder.encode_text(texts)
        assert torch.equal(mask, fresh.mask)
        assert torch.allclose(states[mask], fresh.states[mask], atol=0.02)  # half precision on disk
    sayings = {tuple(Sampler(trained_on, SETTINGS, encoder).batch(step).mask.sum(1).tolist()) for step in range(6)}
    assert len(sayings) > 1


def test_a_batch_depends_on_the_step_alone(encoder, data):
    first, second = (Sampler(data, SETTINGS, encoder).batch(5) for _ in range(2))
    assert torch.equal(first.features, second.features)
    assert torch.equal(first.target, second.target)
    assert not torch.equal(first.features[:7], Sampler(data, SETTINGS, encoder).batch(6).features[:7])


def test_a_run_that_was_stopped_ends_like_one_that_was_not(encoder, data, tmp_path: Path, monkeypatch):
    whole = train(SETTINGS, data, {"validation": data}, encoder, tmp_path / "whole")

    kept = Sampler.batch

    def batch(self, step):
        if step == 5:
            raise KeyboardInterrupt
        return kept(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(Sampler, "batch", batch)
        with pytest.raises(KeyboardInterrupt):
            train(SETTINGS, data, {"validation": data}, encoder, tmp_path / "stopped")
    resumed = train(SETTINGS, data, {"validation": data}, encoder, tmp_path / "stopped")
    for key, value in whole.state_dict().items():
        assert torch.allclose(value, resumed.state_dict()[key], atol=1e-6), key


def test_training_learns_its_own_families(encoder, data, tmp_path: Path):
    settings = Settings(steps=80, families=4, per_family=8, warmup=10, evaluate_every=80, attention_loss_weight=0.0)
    composer = train(settings, data, {"validation": data}, encoder, tmp_path)
    # 28 pictures: chance is 0.04
    assert recall(composer, data, encoder) > 0.3


def test_the_reach_that_is_set_is_the_best_of_all(encoder, data, tmp_path: Path):
    settings = Settings(steps=6, families=4, per_family=8, warmup=2, evaluate_every=6, attention_loss_weight=0.0)
    composer = train(settings, data, {"validation": data}, encoder, tmp_path)
    composer.prototype_head.branch_weight.fill_(0)  # the reach is that of the edited positions alone
    tune_edit_scale(composer, data, encoder)
    chosen, found = float(composer.edit_scale), {}
    for reach in EDIT_SCALES:
        composer.edit_scale.fill_(reach)
        found[round(reach, 2)] = recall(composer, data, encoder)
    assert found[round(chosen, 2)] == max(found.values())


def test_a_split_without_maps_to_show_calls_none_empty():
    shown, none = torch.tensor([1.0, 2.0]), torch.zeros(0)
    assert _threshold(shown, none) == _threshold(none, shown) == 0
    assert 0 < _threshold(shown, torch.tensor([0.1])) <= 1.05  # a twentieth of those to show may lie below


def test_a_run_may_begin_with_a_checkpoint(encoder, data, tmp_path: Path):
    settings = Settings(steps=1, families=2, per_family=2, evaluate_every=1, learning_rate=0.0)
    first = train(settings, data, {"validation": data}, encoder, tmp_path / "first")
    second = train(settings, data, {"validation": data}, encoder, tmp_path / "second", [tmp_path / "first"])
    for key, value in first.named_parameters():  # a checkpoint is kept in half precision
        assert torch.equal(value.half().float(), second.get_parameter(key)), key


def test_a_run_may_begin_with_the_mean_of_checkpoints(encoder, data, tmp_path: Path):
    heads = [composer_for(encoder) for _ in range(3)]
    folders = [tmp_path / str(number) for number in range(3)]
    for head, folder in zip(heads, folders, strict=True):
        save_composer(head, {}, folder)
    calibrate(folders, {"validation": data}, encoder, tmp_path / "mean")
    mean, _ = load_composer(tmp_path / "mean")
    for key, value in mean.named_parameters():
        expected = torch.stack([head.get_parameter(key).half().float() for head in heads]).mean(0)
        assert torch.allclose(value, expected, atol=1e-6, rtol=1e-3), key  # half precision in the file


def test_there_is_no_mean_of_heads_of_other_parts(encoder, tmp_path: Path):
    head = composer_for(encoder)
    save_composer(head, {}, tmp_path / "whole")
    save_composer(head, {}, tmp_path / "less")
    weights = load_file(tmp_path / "less" / "model.safetensors")
    del weights["place"]
    save_file(weights, tmp_path / "less" / "model.safetensors")
    with pytest.raises(ModelError, match=r"less has other parts than .*whole"):
        init_from(head, [tmp_path / "whole", tmp_path / "less"])


def test_a_run_of_other_settings_is_not_taken_up(encoder, data, tmp_path: Path):
    train(
        Settings(steps=1, families=2, per_family=2, evaluate_every=1, attention_loss_weight=0.0),
        data,
        {"validation": data},
        encoder,
        tmp_path,
    )
    with pytest.raises(ModelError, match="other settings"):
        train(
            Settings(steps=2, families=2, per_family=2, attention_loss_weight=0.0),
            data,
            {"validation": data},
            encoder,
            tmp_path,
        )


def test_the_share_that_is_set_is_nearly_the_best_for_what_is_really_searched(encoder, data, tmp_path: Path):
    settings = Settings(steps=6, families=4, per_family=8, warmup=2, evaluate_every=6, attention_loss_weight=0.0)
    composer = train(settings, data, {"validation": data}, encoder, tmp_path)
    assert composer.prototype_head is not None
    recalls = {}
    for share in BRANCH_WEIGHTS:
        composer.prototype_head.branch_weight.fill_(share)
        recalls[share] = recall(composer, data, encoder)
    tune_branch_weight(composer, data, encoder)
    chosen = round(float(composer.prototype_head.branch_weight), 2)
    assert recalls[chosen] == pytest.approx(max(recalls.values()), abs=0.02)


def test_calibration_trains_nothing_and_keeps_how_the_head_was_trained(encoder, data, tmp_path: Path):
    settings = Settings(steps=6, families=4, per_family=8, warmup=2, evaluate_every=6, attention_loss_weight=0.0)
    train(settings, data, {"validation": data}, encoder, tmp_path / "first")
    first, _ = load_composer(tmp_path / "first")
    recalls = calibrate([tmp_path / "first"], {"validation": data}, encoder, tmp_path / "again")
    again, card = load_composer(tmp_path / "again")
    assert card["training"]["step"] == card["training"]["settings"]["steps"] == 6  # how the head was trained
    assert card["training"]["validation_recall_at_1"] == recalls["validation_recall_at_1"]
    assert set(card["no_evidence"]) == {"reference", "target", "word_reference", "word_target"}
    for key, value in first.state_dict().items():
        if key not in ("edit_scale", "prototype_head.branch_weight"):
            assert torch.equal(value, again.state_dict()[key]), key


def test_the_precision_is_stored_and_a_run_of_another_is_not_taken_up(encoder, data, tmp_path: Path):
    settings = Settings(steps=1, families=2, per_family=2, evaluate_every=1, attention_loss_weight=0.0)
    train(settings, data, {"validation": data}, encoder, tmp_path)
    assert load_composer(tmp_path)[1]["training"]["settings"]["precision"] == "float32"
    assert stored_settings(tmp_path) == asdict(settings)
    with pytest.raises(ModelError, match="other settings"):
        train(replace(settings, precision="bfloat16"), data, {"validation": data}, encoder, tmp_path)


def test_a_damaged_state_is_one_sentence(encoder, data, tmp_path: Path):
    (tmp_path / "state.safetensors").write_bytes(b"12345678 no state")
    with pytest.raises(ModelError, match="cannot be read; delete the file"):
        train(SETTINGS, data, {"validation": data}, encoder, tmp_path)


def test_products_have_the_precision_of_the_settings():
    matrix = torch.ones(2, 2)
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with Settings(precision=precision).autocast(torch.device("cpu")):
            assert (matrix @ matrix).dtype == dtype
    with pytest.raises(InputError, match="float32 or bfloat16, not 'half'"):
        Settings(precision="half")


def test_the_attention_loss_looks_at_every_triplet_in_turn():
    settings = Settings(attention_every=3, attention_stride=4)
    assert [attention_loss_weight(settings, step) is None for step in range(4)] == [False, True, True, False]
    assert attention_loss_weight(replace(settings, attention_loss_weight=0.0), 0) is None
    assert attention_loss_weight(settings, settings.attention_ramp) == settings.attention_loss_weight
    seen = [row for step in range(0, 12, 3) for row in attended_triplets(settings, step, 10).tolist()]
    assert sorted(seen) == list(range(10))


def test_pictures_of_earlier_steps_are_wrong_answers(encoder, data):
    settings = replace(SETTINGS, attention_loss_weight=0.0, families=2)
    composer = composer_for(encoder).eval()
    sampler, memory = Sampler(data, settings, encoder), CrossBatchMemory(100, composer.dimension)
    batches = [sampler.batch(step) for step in range(8)]
    first = batches[0]
    other = next(batch for batch in batches if not set(batch.scenes.tolist()) & set(first.scenes.tolist()))
    alone, _ = compute_loss(composer, first, encoder.to_grid, settings, 0)
    compute_loss(composer, other, encoder.to_grid, settings, 0, memory)
    assert memory.scenes.tolist() == other.scenes.tolist()
    among, _ = compute_loss(composer, first, encoder.to_grid, settings, 0, memory)
    assert among > alone
    again, _ = compute_loss(composer, first, encoder.to_grid, settings, 0, memory)
    assert torch.allclose(again, among)  # its own pictures, kept by now, do not count twice
