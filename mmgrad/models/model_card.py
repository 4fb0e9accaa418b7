"""The model card as the Hugging Face hub reads it: Markdown for people, and in its metadata what was measured."""

import json
import math
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResult, ModelCard

from mmgrad.errors import InputError, ModelError

TAGS = ("composed-image-retrieval", "explainability", "gradient-attention")
TASK: dict[str, Any] = {"task_type": "image-retrieval", "task_name": "Composed image retrieval"}
SCENES: dict[str, Any] = {"dataset_type": "mmgrad-edit-scenes", "dataset_name": "Composed edit scenes of mmgrad"}
PHOTOGRAPHS: dict[str, Any] = {
    "dataset_type": "labelled-photographs",
    "dataset_name": "Mosaics of labelled photographs",
}

_NEW = """---
library_name: mmgrad
---

# {name}

A composition head of mmgrad: a picture and a text that says how it should be different become one query for composed
image retrieval, and gradients show which region the text is changing, and where that change shows in a result.

```python
import mmgrad

engine = mmgrad.load("owner/name")  # this repository, or a folder with its files
explanation = engine.explain("picture.jpg", "replace the dog with a cat")
```
"""

_LOCALISED = {"pointing": "Pointing game, 15 px", "energy": "Evidence inside the region"}


def make(name: str, card: dict[str, Any], description: str = "") -> ModelCard:
    """The card of a model: the description that it has, else a short one, with its results in the metadata.

    Args:
        name: of the model.
        card: what its `model.json` says; `results` are those of `read_results`, `training` those of its validation.
        description: Markdown with or without metadata. What that says stays, but for results on the same data.

    Raises ModelError where the metadata of the description cannot be read.
    """
    try:
        made = ModelCard(description or _NEW.format(name=name), ignore_metadata_errors=True)
    except (ValueError, TypeError, yaml.YAMLError) as error:
        raise ModelError(
            f"The metadata at the top of the README.md of '{name}' cannot be read; mend it, or delete the file."
        ) from error
    data: Any = made.data
    data.library_name = data.library_name or "mmgrad"
    data.pipeline_tag = data.pipeline_tag or "image-to-image"
    data.tags = list(dict.fromkeys([*(data.tags or ()), *TAGS]))
    own = [*_tested(card), *_validated(card)]
    data.model_name = name
    said = {(one.unique_identifier, one.metric_type) for one in own}
    others = [one for one in data.eval_results or () if (one.unique_identifier, one.metric_type) not in said]
    data.eval_results = others + own
    return made


def read_results(path: Path, fingerprint: str) -> list[dict[str, Any]]:
    """The main figures of a report of `python -m mmgrad evaluate --json` on a split, for `model.json`.

    Each has `metric`, `name`, `split`, `value`, `low` and `high` (the 95 % interval), shares from 0 to 1, and `count`,
    the number of queries.

    Raises InputError where the report cannot be read or holds no model of this fingerprint.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        names = [name for name, one in report["fingerprints"].items() if one == fingerprint]
        if not names:
            raise InputError(f"The report '{path}' is of another model than this, {fingerprint}; evaluate this one.")
        return [_figure(report["split"], *one) for one in _chosen(report, names[0])]
    except OSError as error:
        raise InputError(f"There is no report '{path}' that can be read; write one with `evaluate --json`.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"'{path}' is no report on a split; write one with `python -m mmgrad evaluate --json FILE`."
        ) from error


def _chosen(report: dict[str, Any], model: str) -> list[tuple[str, str, dict[str, float]]]:
    """(metric, name, mean and interval) of what the model itself reaches over all edits."""
    chosen = []
    for row in report["retrieval"]:
        if (row["model"], row["method"], row["group"]) == (model, "composed query", "all"):
            kept = row["reference_in_gallery"]
            cuts = [key for key in row if key.startswith("recall@")] if kept else ["recall@1"]
            where = "the reference in the gallery" if kept else "the reference left out"
            chosen += [
                (key.replace("@", "_at_") + ("" if kept else "_left_out"), f"{key.capitalize()}, {where}", row[key])
                for key in cuts
            ]
    for row in report["localisation"]:
        if (row["model"], row["method"], row["group"]) == (model, "MMGrad", "all") and row["count"]:
            for key, name in _LOCALISED.items():
                chosen.append((f"{row['side']}_{key}", f"{name}, {row['side']} map, edits of a thing", row[key]))
    return chosen


def _figure(split: str, metric: str, name: str, measured: dict[str, float]) -> dict[str, Any]:
    shares = {key: round(measured[part], 4) for key, part in (("value", "mean"), ("low", "low"), ("high", "high"))}
    return {"metric": metric, "name": name, "split": split, **shares, "count": measured["count"]}


def _tested(card: dict[str, Any]) -> list[EvalResult]:
    try:
        return [
            EvalResult(
                **TASK,
                **SCENES,
                dataset_split=str(one["split"]),
                metric_type=str(one["metric"]),
                metric_value=float(one["value"]),
                metric_name=f"{one['name']} ({_interval(one)})",
            )
            for one in card.get("results", ())
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError("The results in model.json cannot be read; evaluate the model again.") from error


def _interval(one: dict[str, Any]) -> str:
    return f"95 % interval {one['low']:.3f} to {one['high']:.3f}, {one['count']:,} queries"


def _validated(card: dict[str, Any]) -> list[EvalResult]:
    """What training noted of its validation sets."""
    training = card.get("training")
    figures = training if isinstance(training, dict) else {}
    return [
        EvalResult(
            **TASK,
            **data,
            dataset_split="validation",
            metric_type="recall_at_1",
            metric_value=figures[key],
            metric_name="Recall@1, the reference in the gallery",
        )
        for key, data in (("validation_recall_at_1", SCENES), ("photographs_recall_at_1", PHOTOGRAPHS))
        if isinstance(figures.get(key), float) and math.isfinite(figures[key])
    ]
