"""The same answers on a GPU as on the CPU. Runs where CUDA is available, and is skipped elsewhere."""

from dataclasses import replace
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

import mmgrad
from mmgrad.attribution.gradients import AttributionModel, reference_map, target_map
from mmgrad.encoders.compact import CompactEncoder
from mmgrad.encoders.dual_encoder import DualEncoder
from mmgrad.models.checkpoint import load_composer
from mmgrad.models.composer import Composer
from mmgrad.models.dual import dual_model
from mmgrad.training import loop
from mmgrad.training import scene_cache as cache
from mmgrad.training.batches import Sampler
from mmgrad.training.features import Features
from mmgrad.training.loop import composer_for, train
from mmgrad.training.losses import compute_loss
from mmgrad.training.run_state import stored_settings
from mmgrad.training.scene_cache import Part
from mmgrad.training.settings import Settings

DEVICE = "cuda"
SCORE, MAP = 1e-3, 1e-2  # largest difference of scores, and of maps as a share of their peak

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(DEVICE == "cuda" and not torch.cuda.is_available(), reason="there is no CUDA device here"),
]

PHOTOS = sorted(Path("examples/photos").glob("*.webp"))[:3]
TEXTS = ("replace the flower with a teapot", "remove the dog", "put it on a beach, and add a red frobnicator")
SETTINGS = Settings(steps=4, families=2, per_family=4, warmup=1, evaluate_every=2, attention_ramp=2, attention_every=1)


@pytest.fixture(scope="module")
def engines() -> tuple[mmgrad.Engine, mmgrad.Engine]:
    return mmgrad.load(device="cpu"), mmgrad.load(device=DEVICE)


def close(one: np.ndarray | Tensor, other: np.ndarray | Tensor, share: float = MAP) -> bool:
    """Whether two arrays differ by at most a share of the peak of the first."""
    first, second = (np.asarray(torch.as_tensor(each).detach().cpu()) for each in (one, other))
    return bool(np.abs(first - second).max() <= share * np.abs(first).max() + 1e-6)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.stem)
def test_an_explanation_is_that_of_the_cpu(engines, photo: Path, text: str) -> None:
    ours, theirs = (engine.explain(photo, text, 8) for engine in engines)
    scores = [[hit.score for hit in result.hits] for result in (ours, theirs)]
    assert scores[0] == pytest.approx(scores[1], abs=SCORE)
    expected = {hit.record.id: hit for hit in ours.hits}
    for hit in theirs.hits:  # hits of nearly the same score may change places
        if hit.record.id in expected:
            assert close(expected[hit.record.id].attention.values, hit.attention.values)
        else:
            assert hit.score == pytest.approx(scores[0][-1], abs=SCORE)
    assert close(ours.reference.values, theirs.reference.values)
    for one, other in zip(ours.words, theirs.words, strict=True):
        assert (one.word, one.weight) == (other.word, pytest.approx(other.weight, abs=SCORE))


def test_a_search_is_that_of_the_cpu(engines) -> None:
    queries = torch.nn.functional.normalize(torch.randn(300, engines[0].model.dimension), dim=1)
    found = [engine.gallery.search(queries.to(engine.model.device), 20) for engine in engines]
    assert torch.allclose(found[0].scores, found[1].scores, atol=1e-5)
    assert float((found[0].indices == found[1].indices).float().mean()) > 0.999


def test_suggestions_are_those_of_the_cpu(engines) -> None:
    for photo in PHOTOS:
        assert engines[0].suggest(photo) == engines[1].suggest(photo)


@pytest.fixture(scope="module")
def builders() -> ModuleType:
    """The tiny models of `tests/encoders`."""
    spec = spec_from_file_location("tiny_models", Path(__file__).parents[1] / "encoders" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["clip", "siglip", "siglip2"])
def test_a_dual_encoder_in_float32_is_that_of_the_cpu(name: str, builders: ModuleType, tmp_path: Path) -> None:
    torch.manual_seed(0)
    folder = builders.BUILDERS[name](tmp_path / name)
    images, made = [np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)] * 2, []
    for device in ("cpu", DEVICE):
        encoder = DualEncoder(folder, device, dtype=torch.float32)
        composer = dual_model(encoder, "direction").composer
        features, tokens = encoder.trunk(encoder.prepare(images)[0]), encoder.encode_text(TEXTS[:2])
        with torch.no_grad():
            g, q = composer.encode_image(features), composer.encode_query(features, tokens.states, tokens.mask)
        model = AttributionModel(composer, encoder.to_grid, features[:1])
        made.append((g, q, reference_map(model, features, tokens), target_map(model, features, q - g)))
    for ours, theirs in zip(*made, strict=True):
        assert close(ours, theirs)


@pytest.fixture(scope="module")
def encoders() -> tuple[CompactEncoder, CompactEncoder]:
    return CompactEncoder("cpu"), CompactEncoder(DEVICE)


@pytest.fixture(scope="module")
def data(encoders, tmp_path_factory: pytest.TempPathFactory) -> Features:
    return cache.build(tmp_path_factory.mktemp("cache"), encoders[0], Part("validation", 3), workers=0)


@pytest.mark.parametrize("annotated", [True, False])
def test_second_order_gradients_of_a_step_are_those_of_the_cpu(encoders, data: Features, annotated: bool) -> None:
    """Without dropout, whose random numbers each device draws itself."""
    mirrored = tuple(shard | {f"mirrored.{name}": shard[name] for name in data.stages} for shard in data.pictures)
    data = replace(data, annotated=annotated, pictures=mirrored)
    gradients = []
    for encoder in encoders:
        torch.manual_seed(0)
        composer = Composer(encoder.channels, encoder.token_width, encoder.grid, encoder.prototype_dim, dropout=0.0)
        for parameter in composer.parameters():  # some layers begin at zero: a text would change nothing
            parameter.data += 0.05 * torch.randn_like(parameter)
        composer.std.fill_(2.0)
        batch = Sampler(data, SETTINGS, encoder).batch(3)
        loss, _ = compute_loss(composer.to(encoder.device).train(), batch, encoder.to_grid, SETTINGS, 3)
        loss.backward()
        gradients.append({name: p.grad for name, p in composer.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert close(gradient, gradients[1][name]), name


@pytest.mark.parametrize("first", [0, 1])
def test_a_run_resumes_on_another_device(encoders, data: Features, first: int, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "Composer", partial(Composer, width=64, heads=4, layers=1, num_pools=4))
    kept = Sampler.batch

    def until_step_2(self: Sampler, step: int) -> object:
        if step == 2:
            raise KeyboardInterrupt
        return kept(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(Sampler, "batch", until_step_2)
        with pytest.raises(KeyboardInterrupt):
            train(SETTINGS, data, {"validation": data}, encoders[first], tmp_path)
    before = stored_settings(tmp_path)
    other = encoders[1 - first]
    resumed = train(SETTINGS, data, {"validation": data}, other, tmp_path)
    assert stored_settings(tmp_path) == before
    assert {value.device.type for value in resumed.state_dict().values()} == {other.device.type}
    assert load_composer(tmp_path)[1]["training"]["settings"]["precision"] == "float32"


def test_a_seed_gives_the_same_first_weights_on_every_device(encoders) -> None:
    made = []
    for encoder in encoders:
        torch.manual_seed(7)
        made.append(composer_for(encoder).to(encoder.device).state_dict())
    assert all(torch.equal(value, made[1][name].cpu()) for name, value in made[0].items())


def test_a_step_in_bfloat16_is_finite_and_its_loss_near(encoders, data: Features) -> None:
    losses = []
    for precision in ("float32", "bfloat16"):
        settings = replace(SETTINGS, precision=precision)
        torch.manual_seed(0)
        composer = composer_for(encoders[1]).to(encoders[1].device).eval()
        batch = Sampler(data, settings, encoders[1]).batch(3)
        loss, _ = compute_loss(composer, batch, encoders[1].to_grid, settings, 3)
        loss.backward()
        assert all(bool(torch.isfinite(p.grad).all()) for p in composer.parameters() if p.grad is not None)
        losses.append(float(loss.detach()))
    assert losses[0] == pytest.approx(losses[1], rel=0.1)
