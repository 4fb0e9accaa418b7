"""What the attention loss brings: heads trained from nothing with it and without it, a Markdown table.

    python benchmarks/attention_loss.py [--steps 400] [--seeds 3] [--families 4000] [--out runs/attention]

Of each seed three heads are trained on the same features: with the loss, without it for as many steps, and without it
for the steps that fit into the time of the first. Steps with and without the loss are timed first, taking turns, and
the median of their ratios is what time means here: the runs themselves may share the machine. Each three are then
judged by the suite on the test split, where the differences are paired. The features come from the cache of
`python -m mmgrad train`, or are computed into it. What was timed and the heads that are done are kept in `--out`: a run
that was killed goes on from there.
"""

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from mmgrad.composer import Composer
from mmgrad.encoders import Trainable
from mmgrad.evaluation.suite import Report, evaluate
from mmgrad.model import load_encoder
from mmgrad.training import cache
from mmgrad.training.batches import Sampler, Settings
from mmgrad.training.cache import Part
from mmgrad.training.features import Features
from mmgrad.training.loop import composer_for, train
from mmgrad.training.objective import objective

WITH, EQUAL_STEPS, EQUAL_TIME = "with", "without, equal steps", "without, equal time"
KEYS = ("pointing", "pointing_exact", "energy", "iou")
FIGURES = ("recall@1", "recall@10", *(f"{side} {key}" for side in ("reference", "target") for key in KEYS))


def main() -> None:
    """Train, judge, and print the tables."""
    options = _parser().parse_args()
    encoder = load_encoder("compact")
    data = cache.build(options.cache, encoder, Part("train", options.families))
    held_out = {"validation": cache.build(options.cache, encoder, Part("validation", 100))}
    settings = Settings(
        steps=options.steps,
        families=options.batch,
        warmup=options.steps // 10,
        attention_ramp=max(1, options.steps // 5),
        evaluate_every=10_000_000,
    )
    timed = options.out / f"time-ratio-of-{options.batch}-families.txt"
    if not timed.exists():
        options.out.mkdir(parents=True, exist_ok=True)
        timed.write_text(str(_time_ratio(settings, data, encoder)))
    ratio = float(timed.read_text())
    longer = round(options.steps * ratio)
    arms = {
        WITH: settings,
        EQUAL_STEPS: replace(settings, attention=0.0),
        EQUAL_TIME: replace(settings, attention=0.0, steps=longer, warmup=longer // 10),
    }
    reports = []
    for seed in range(options.seeds):
        heads: dict[str, Composer] = {}
        for name, arm in arms.items():
            folder = options.out / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}"
            heads[name] = train(replace(arm, seed=seed), data, held_out, encoder, folder)
        reports.append(
            evaluate(encoder, heads, families=options.test_families, validation_families=40, maps=options.maps)
        )
    print(_tables(reports, options, ratio, longer))


def _time_ratio(settings: Settings, data: Features, encoder: Trainable, laps: int = 8) -> float:
    """The time of a step with the attention loss, as often as it comes, over one without: the median of pairs."""
    sampler = Sampler(data, settings, encoder)
    composer = composer_for(encoder)
    ratios = []
    for lap in range(laps):
        seconds = []
        for arm in (settings, replace(settings, attention=0.0)):
            start = time.perf_counter()
            for step in range(lap * settings.attention_every, (lap + 1) * settings.attention_every):
                loss, _ = objective(composer, sampler.batch(step), encoder.evidence, arm, step)
                composer.zero_grad()
                loss.backward()
            seconds.append(time.perf_counter() - start)
        ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios[1:])  # the first lap warms up


def _tables(reports: list[Report], options: argparse.Namespace, ratio: float, longer: int) -> str:
    first = reports[0]
    lines = [
        "## The attention loss against none",
        "",
        f"{options.steps} steps of {options.batch} families with the loss and without; {longer} without it in the same"
        f" time (with it, steps take {ratio:.2f} times as long on average). {options.families:,} families,"
        f" {options.seeds} seeds, heads from nothing. Test split: {first['queries']:,} queries, a gallery of"
        f" {first['gallery']:,} with the reference; maps of {first['maps']:,} queries. In per cent.",
        "",
        f"| figure | seed | {WITH} | {EQUAL_STEPS} | gain (95 % interval) | {EQUAL_TIME} | gain (95 % interval) |",
        "|:--|--:|--:|--:|--:|--:|--:|",
    ]
    for figure in FIGURES:
        for seed, report in enumerate(reports):
            cells = [figure, str(seed), f"{_mean(report, WITH, figure):.1f}"]
            for other in (EQUAL_STEPS, EQUAL_TIME):
                cells += [f"{_mean(report, other, figure):.1f}", _gain(report, other, figure)]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(report: Report, name: str, figure: str) -> float:
    """The figure of one head, in per cent."""
    if figure.startswith("recall"):
        rows = report["retrieval"]
        wanted: dict[str, Any] = {"method": "composed query", "reference_in_gallery": True}
        key = figure
    else:
        side, key = figure.split()
        rows, wanted = report["localisation"], {"side": side, "method": "MMGrad"}
    wanted |= {"model": name, "group": "all"}
    row = next(row for row in rows if all(row[k] == value for k, value in wanted.items()))
    return 100 * row[key]["mean"]


def _gain(report: Report, other: str, figure: str) -> str:
    row = next(row for row in report["differences"] if (row["than"], row["figure"]) == (other, figure))
    gain = row["gain"]
    return f"{100 * gain['mean']:+.1f} ({100 * gain['low']:+.1f} to {100 * gain['high']:+.1f})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=6, help="families of a batch")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--families", type=int, default=4000, help="of the training split")
    parser.add_argument("--test-families", type=int, default=150)
    parser.add_argument("--maps", type=int, default=300)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--out", type=Path, default=Path("runs/attention"))
    return parser


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
