"""`python -m mmgrad calibrate`: set what a validation split sets, and train nothing.

Training calls the same two steps whenever it evaluates.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmgrad.encoders.base import Trainable
from mmgrad.models.checkpoint import init_from, load_composer, save_composer, training_info
from mmgrad.models.composer import Composer
from mmgrad.models.model import card_over, check_fits
from mmgrad.synthetic.photo_folder import Photograph
from mmgrad.training.calibration import evidence_thresholds, fit_confidence, tune_branch_weight, tune_edit_scale
from mmgrad.training.features import Features
from mmgrad.training.fit_single_object import fit_single_object
from mmgrad.training.validation import recall


def calibrate(
    checkpoints: Sequence[Path],
    validation: dict[str, Features],
    encoder: Trainable,
    folder: Path,
    photographs: Sequence[Photograph] = (),
) -> dict[str, float]:
    """Calibrate the checkpoint in a folder, or the mean of several, write it to `folder`, and return its recalls.

    Set anew are the edit scale, the weight of the prototype branch, the single-object classifier (where `photographs`
    are given), the thresholds of evidence and the confidence. The card keeps what the last checkpoint says of its
    training.
    """
    composer, card = load_composer(checkpoints[0])
    check_fits(composer, card, encoder, checkpoints[0])
    init_from(composer.to(encoder.device), checkpoints)
    fit_single_object(composer, photographs, encoder)
    recalls = named_recalls(tune(composer, validation, encoder), validation)
    card = calibrated_card(composer, validation["validation"], encoder)
    save_composer(composer, card | {"training": training_info(checkpoints[-1]) | recalls}, folder)
    return recalls


def tune(composer: Composer, validation: dict[str, Features], encoder: Trainable) -> dict[str, float]:
    """Set the two scales of a head on the set "validation", and return the recall on every set."""
    tune_edit_scale(composer, validation["validation"], encoder)
    tune_branch_weight(composer, validation["validation"], encoder)
    return {name: recall(composer, data, encoder) for name, data in validation.items()}


def named_recalls(recalls: dict[str, float], validation: dict[str, Features]) -> dict[str, float]:
    """Recalls as the log and the card name them, rounded."""
    return {f"{name}_recall_at_{validation[name].cut}": round(value, 4) for name, value in recalls.items()}


def calibrated_card(composer: Composer, data: Features, encoder: Trainable) -> dict[str, Any]:
    """The card of a head: its encoder and, where the regions of the split are known, thresholds and confidence."""
    card = card_over(encoder)
    if data.annotated:
        card["no_evidence"] = evidence_thresholds(composer, data, encoder)
        card["confidence"] = fit_confidence(composer, data, encoder).to_card()
    return card
