"""The model card of the Hugging Face hub: Markdown for people, with the measured results in its metadata."""

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

A composition head of mmgrad. It composes an image and a text that describes a change into one query for composed image
retrieval. Gradients show which region the text changes, and where the change shows in a result.

```python
import mmgrad

engine = mmgrad.load("owner/name")  # this repository, or a folder with its files
explanation = engine.explain("picture.jpg", "replace the dog with a cat")
```
"""

_LOCALIZED = {"pointing": "Pointing game, 15 px", "energy": "Evidence inside the region"}


def make(name: str, card: dict[str, Any], description: str = "") -> ModelCard:
    """The card of a model: its description, or else a short one, with its results in the metadata.

    Args:
        name: of the model.
        card: the content of `model.json`; `results` come from `read_results`, `training` from validation.
        description: Markdown with or without metadata. Its metadata is kept, except results on the same data.

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
    data.pipeline_tag = data.pipeline_tag or "image-feature-extraction"
    data.tags = list(dict.fromkeys([*(data.tags or ()), *TAGS]))
    own = [*_tested(card), *_validated(card)]
    data.model_name = name
    said = {(one.unique_identifier, one.metric_type) for one in own}
    others = [one for one in data.eval_results or () if (one.unique_identifier, one.metric_type) not in said]
    data.eval_results = others + own
    return made


def read_results(path: Path, fingerprint: str) -> list[dict[str, Any]]:
    """The main metrics of a results file of `mmgrad evaluate --json` on edit scenes, for `model.json`.

    Each has `metric`, `name`, `split`, `value`, `low` and `high` (the 95 % interval), shares from 0 to 1, and `count`,
    the number of queries.

    Raises InputError where the file cannot be read or holds no model of this fingerprint.
    """
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        settings, columns = read["settings"], read["columns"]
        names = [name for name, one in settings["fingerprints"].items() if one == fingerprint]
        if not names:
            raise InputError(f"The report '{path}' is of another model than this, {fingerprint}; evaluate this one.")
        rows = (dict(zip(columns, values, strict=True)) for values in read["rows"])
        chosen = [row for row in rows if (row["model"], row["group"]) == (names[0], "all") and row["n"]]
        return [found for row in chosen if (found := _result(settings["split"], row))]
    except OSError as error:
        raise InputError(f"There is no report '{path}' that can be read; write one with `evaluate --json`.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"'{path}' is no report on a split; write one with `python -m mmgrad evaluate --json FILE`."
        ) from error


def _result(split: str, row: dict[str, Any]) -> dict[str, Any] | None:
    """A row of the results table as `model.json` holds it; None where it is not one of the main metrics."""
    metric = str(row["metric"])
    if (row["table"], row["method"]) == ("retrieval", "composed query") and metric.startswith("recall@"):
        without = row["condition"] == "reference excluded"
        if without and metric != "recall@1":
            return None
        where = "the reference left out" if without else "the reference in the gallery"
        key, name = metric.replace("@", "_at_") + ("_left_out" if without else ""), f"{metric.capitalize()}, {where}"
    elif (row["table"], row["method"]) == ("localization", "MMGrad") and metric in _LOCALIZED:
        key, name = f"{row['side']}_{metric}", f"{_LOCALIZED[metric]}, {row['side']} map, edits of an object"
    else:
        return None
    shares = {name: round(row[column], 4) for name, column in (("value", "mean"), ("low", "low"), ("high", "high"))}
    return {"metric": key, "name": name, "split": split, **shares, "count": row["n"]}


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
    """The results on the validation sets, from training."""
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
