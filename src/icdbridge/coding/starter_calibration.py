"""The starter's confidence, fitted on the decisions of one desk: a folder that ``Coder.load`` opens.

``starter.json``: ``{"format": 1, "slope", "intercept", "encounters", "pairs", "right"}``; the confidence is
sigmoid(slope · logit(the starter's own) + intercept), Platt 1999.
"""

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from icdbridge.files import Kind, atomic_folder, check_manifest, read_json, write_json, write_manifest
from icdbridge.schema import Count, Strict, checked

FILE = "starter.json"
FOLDER = Kind("a starter with a calibration", FILE)
_CLOSEST = 1e-6  # to 0 and 1
Slope = Annotated[float, Field(ge=-1_000, le=1_000)]


class StarterCalibration(Strict):
    """It was fitted on ``pairs`` of an encounter and a suggested code, ``right`` of which were right."""

    format: Literal[1] = 1
    slope: Slope
    intercept: Slope
    encounters: Count
    pairs: Count
    right: Count

    def confidence(self, own: float) -> float:
        """The expected share of right codes among suggestions with the starter's ``own`` confidence."""
        own = min(max(own, _CLOSEST), 1 - _CLOSEST)
        score = self.slope * math.log(own / (1 - own)) + self.intercept
        return 1 / (1 + math.exp(-score)) if score > -700 else 0.0


def write_starter(path: Path, calibration: StarterCalibration, force: bool = False) -> None:
    """Writes the folder; ``InputError`` if something else is there or, without ``force``, anything."""
    with atomic_folder(path, FOLDER, replace=force) as folder:
        write_json(folder / FILE, calibration.model_dump())
        write_manifest(folder, [FILE])


def read_starter(path: Path) -> StarterCalibration:
    """Opens the folder; ``InputError`` names what is missing or damaged in it."""
    check_manifest(path, FOLDER)
    return checked(read_json(path / FILE), StarterCalibration, path / FILE, "calibrate again")
