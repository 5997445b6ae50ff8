"""The model card that lies in every run folder, from the template ``card.md``."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from icdbridge.runs.confidence import TOP, Calibration
from icdbridge.runs.stored_files import CodeIndex


def model_card(
    name: str, config: dict[str, Any], index: CodeIndex, best: dict[str, float], calibration: Calibration
) -> str:
    """README.md of a run: training data, figures on val, how to use it, and what it is not for."""
    versions = ", ".join(
        f"{version} ({index.version.count(version):,} codes)" for version in dict.fromkeys(index.version)
    )
    thresholds = "; ".join(
        f"{version}: " + ", ".join(f"{name} codes {value:.4f}" for name, value in found.thresholds.items())
        for version, found in calibration.items()
        if found.thresholds is not None
    )
    said = {
        "settings": config["settings"],
        "parameters": f"{config['parameters']:,}",
        "synthetic": "synthetic " if config["synthetic"] else "",
        "thresholds": f" (by how often training saw it, {thresholds})" if thresholds else "",
    }
    environment = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    card = environment.from_string(files(__package__).joinpath("card.md").read_text("utf-8"))
    return card.render(
        name=name, config=config, versions=versions, best=best, calibration=calibration, top=TOP, **said
    )
