"""What the attention loss brings: heads trained with it and without it, a Markdown table.

    python benchmarks/attention_loss.py [--steps 400] [--seeds 3] [--families 4000] [--out runs/attention]
    python benchmarks/attention_loss.py --begin checkpoints/compact --first-family 15000 --families 1500 --steps 100 \\
        --batch 16 --learning-rate 0.001 --out runs/attention-late

Of each seed three heads are trained from nothing on the same features: with the loss, without it for as many steps, and
without it for the steps that fit into the time of the first. Heads that begin with a checkpoint, on families that it
has not seen, are with the loss and without it for as long. Steps with and without the loss are timed first, taking
turns, and the median of their ratios is what time means here: the runs themselves share the machine, one a core. Those
of a seed are then judged by the suite on the test split, where the differences are paired. The features come from the
cache of `python -m mmgrad train`, or are computed into it. What was timed and the heads that are done are kept in
`--out`: a run that was killed goes on from there.
"""

import argparse
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import torch

from mmgrad.encoders.base import Trainable
from mmgrad.evaluation import EvaluationOptions, Results, evaluate
from mmgrad.models.checkpoint import load_composer
from mmgrad.models.model import load_encoder
from mmgrad.training import scene_cache as cache
from mmgrad.training.batches import Sampler
from mmgrad.training.features import Features
from mmgrad.training.loop import composer_for, train
from mmgrad.training.losses import compute_loss
from mmgrad.training.scene_cache import Part
from mmgrad.training.settings import Settings

WITH, EQUAL_STEPS, EQUAL_TIME = "with", "without, equal steps", "without, equal time"
HELD_OUT = Part("validation", 100)
KEYS = ("pointing", "pointing_0px", "energy", "iou")
METRICS = ("recall@1", "recall@10", *(f"{side} {key}" for side in ("reference", "target") for key in KEYS))


def main() -> None:
    """Train, judge, and print the tables."""
    options = _parser().parse_args()
    torch.set_num_threads(1)
    encoder = load_encoder("compact")
    data = cache.build(options.cache, encoder, _part(options))
    cache.build(options.cache, encoder, HELD_OUT)
    settings = Settings(
        steps=options.steps,
        families=options.batch,
        warmup=options.steps // 10,
        attention_ramp=max(1, options.steps // 5),
        evaluate_every=10_000_000,
    )
    if options.learning_rate:
        settings = replace(settings, learning_rate=options.learning_rate)
    timed = options.out / f"time-ratio-of-{options.batch}-families.txt"
    if not timed.exists():
        options.out.mkdir(parents=True, exist_ok=True)
        timed.write_text(str(_time_ratio(settings, data, encoder)))
    ratio = float(timed.read_text())
    longer = round(options.steps * ratio)
    arms = {WITH: settings, EQUAL_TIME: replace(settings, attention_loss_weight=0.0, steps=longer, warmup=longer // 10)}
    if options.begin is None:
        arms[EQUAL_STEPS] = replace(settings, attention_loss_weight=0.0)
    seeds = range(options.seeds)
    with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
        jobs = [(options, name, replace(arm, seed=seed)) for seed in seeds for name, arm in arms.items()]
        list(pool.map(_train, jobs))
        reports = list(pool.map(_judge, [(options, list(arms), seed) for seed in seeds]))
    print(_tables(reports, options, ratio, longer))


def _part(options: argparse.Namespace) -> Part:
    return Part("train", options.families, first=options.first_family)


def _folder(options: argparse.Namespace, name: str, seed: int) -> Path:
    """Where the head of an arm and a seed is kept, with the last state of its run."""
    return Path(options.out) / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}"


def _train(job: tuple[argparse.Namespace, str, Settings]) -> None:
    options, name, settings = job
    torch.set_num_threads(1)
    encoder = load_encoder("compact")
    data = cache.load(options.cache, encoder, _part(options))
    held_out = {"validation": cache.load(options.cache, encoder, HELD_OUT)}
    train(settings, data, held_out, encoder, _folder(options, name, settings.seed), options.begin)


def _judge(job: tuple[argparse.Namespace, list[str], int]) -> Results:
    options, names, seed = job
    torch.set_num_threads(1)
    heads = {name: load_composer(_folder(options, name, seed))[0] for name in names}
    asked = EvaluationOptions(families=options.test_families, validation_families=40, maps=options.maps)
    return evaluate(load_encoder("compact"), heads, asked)


def _time_ratio(settings: Settings, data: Features, encoder: Trainable, laps: int = 5) -> float:
    """The time of a step with the attention loss, as often as it comes, over one without: the median of pairs."""
    sampler = Sampler(data, settings, encoder)
    composer = composer_for(encoder)
    ratios = []
    for lap in range(laps):
        seconds = []
        for arm in (settings, replace(settings, attention_loss_weight=0.0)):
            start = time.perf_counter()
            for step in range(lap * settings.attention_every, (lap + 1) * settings.attention_every):
                loss, _ = compute_loss(composer, sampler.batch(step), encoder.to_grid, arm, step)
                composer.zero_grad()
                loss.backward()
            seconds.append(time.perf_counter() - start)
        ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios[1:])  # the first lap warms up


def _tables(reports: list[Results], options: argparse.Namespace, ratio: float, longer: int) -> str:
    first = reports[0].settings
    others = [name for name in (EQUAL_STEPS, EQUAL_TIME) if name in first["models"]]
    lines = [
        "## The attention loss against none",
        "",
        f"{options.steps} steps of {options.batch} families with the loss; {longer} without it in the same time (with"
        f" it, steps take {ratio:.2f} times as long on average). {options.families:,} families, {options.seeds} seeds,"
        f" heads {_beginning(options)}. Test split: {first['queries']:,} queries, a gallery of {first['gallery']:,},"
        f" the reference included; maps of {first['maps']:,} queries. In per cent.",
        "",
        f"| metric | seed | {WITH} | {''.join(f'{name} | gain (95 % interval) | ' for name in others)}".rstrip(),
        "|:--|--:|--:|" + "--:|--:|" * len(others),
    ]
    for metric in METRICS:
        for seed, report in enumerate(reports):
            cells = [metric, str(seed), f"{_mean(report, WITH, metric):.1f}"]
            for other in others:
                cells += [f"{_mean(report, other, metric):.1f}", _gain(report, other, metric)]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _beginning(options: argparse.Namespace) -> str:
    return "from nothing" if options.begin is None else f"that begin with `{options.begin}`"


def _mean(results: Results, name: str, metric: str) -> float:
    """The mean of a metric of one head, in per cent."""
    if metric.startswith("recall"):
        keys = {"method": "composed query", "condition": "reference in gallery"}
        return 100 * results.value("retrieval", metric, model=name, group="all", **keys).mean
    side, key = metric.split()
    return 100 * results.value("localization", key, model=name, group="all", side=side, method="MMGrad").mean


def _gain(results: Results, other: str, metric: str) -> str:
    side, key = ("", metric) if metric.startswith("recall") else metric.split()
    gain = results.value("differences", key, side=side, condition=f"minus {other}")
    return f"{100 * gain.mean:+.1f} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=6, help="families of a batch")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--families", type=int, default=4000, help="of the training split")
    parser.add_argument("--first-family", type=int, default=0, help="the number of the first of them")
    parser.add_argument("--begin", type=Path, help="the folder of the checkpoint that heads begin with")
    parser.add_argument("--learning-rate", type=float, help="at its highest")
    parser.add_argument("--workers", type=int, default=2, help="heads that are trained, or judged, at a time")
    parser.add_argument("--test-families", type=int, default=150)
    parser.add_argument("--maps", type=int, default=300)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--out", type=Path, default=Path("runs/attention"))
    return parser


if __name__ == "__main__":
    main()
