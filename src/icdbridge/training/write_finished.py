"""The last step of a training: thresholds and calibration from val, and the run folder."""

import platform
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

import icdbridge
from icdbridge.files import replacing
from icdbridge.progress import console
from icdbridge.runs.run import write_run
from icdbridge.runs.text_model import TextModel
from icdbridge.training.card import model_card
from icdbridge.training.finish import finish
from icdbridge.training.fit_calibration import TALLY, Tally
from icdbridge.training.learnt_corpora import LearntCorpora
from icdbridge.training.loop import show_figures
from icdbridge.training.settings import Settings


def write_finished(
    work: Path,
    trained: TextModel,
    log: list[dict[str, float]],
    learnt: LearntCorpora,
    settings: Settings,
    described: dict[str, Any],
) -> None:
    """Finds thresholds and calibration and writes the run in place of the folder ``work``, which lies in it."""
    tallies = {version: Tally.open(work / TALLY.format(version)) for version in trained.priors}
    finished = finish(trained, learnt, settings, work, tallies)
    if trained.lexicons:
        console.print("attention and words together: " + show_figures(finished.figures))
    best = max(log, key=lambda row: row[f"val_{settings.validation_metric}"])
    config = described | {
        "threshold": finished.threshold,
        "best_epoch": best["epoch"],
        "parameters": sum(p.numel() for p in trained.model.parameters()),
        "synthetic": any(c.meta.get("synthetic") is True for c in learnt.every),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": {
            "icdbridge": icdbridge.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
    }
    card = model_card(work.parent.name, config, trained.index, best | finished.figures, finished.calibration)
    with replacing(work.parent) as folder:
        write_run(folder, config, trained, log, card, finished.calibration)
        if (work / "tensorboard").is_dir():
            shutil.move(work / "tensorboard", folder)
