"""The model card that lies in every run folder."""

from typing import Any

from icdbridge.runs.confidence import TOP, Calibration
from icdbridge.runs.stored_files import CodeIndex


def model_card(
    name: str, config: dict[str, Any], index: CodeIndex, best: dict[str, float], calibration: Calibration
) -> str:
    """README.md of a run: training data, figures on val, how to use it, and what it is not for."""
    synthetic = "synthetic " if config["synthetic"] else ""
    corpora = "\n".join(
        f"| {c['name']} | {c['version']} | {c['source']} | {c['role']} | {c['notes']:,} |"
        for c in config["corpora"]
    )
    figures = "\n".join(
        f"| {key.removeprefix('val_')} | {value:.4f} |"
        for key, value in best.items()
        if key.startswith("val_")
    )
    versions = ", ".join(
        f"{version} ({index.version.count(version):,} codes)" for version in dict.fromkeys(index.version)
    )
    bands = "\n".join(
        f"| {version} | {band.name} | {band.above:.0%} | {band.suggestions:,} | {band.right:,} |"
        for version, found in calibration.items()
        for band in found.bands
    )
    thresholds = "; ".join(
        f"{version}: " + ", ".join(f"{name} codes {value:.4f}" for name, value in found.thresholds.items())
        for version, found in calibration.items()
        if found.thresholds is not None
    )
    thresholds = f" (by how often training saw it, {thresholds})" if thresholds else ""
    settings = config["settings"]
    architecture = settings["architecture"]
    parameters = f"{config['parameters']:,} parameters"
    if architecture == "duallaat":
        what = f"""DualLAAT ({settings["encoder"]} encoder, {parameters}): label attention whose codes are read from
their descriptions. It scores codes of {versions}, and any other code that has a description."""
    else:
        what = f"""{architecture} ({parameters}): label attention with an output for each code. It scores the codes of
{versions} and no other."""
    return f"""# {name}

{what}

## Trained on

| corpus | version | source | role | notes |
| --- | --- | --- | --- | --- |
{corpora}

Best epoch {best["epoch"]:.0f}, chosen by {settings["validation_metric"]} ({settings["validation_scope"]} scope) on the
val split of {config["validate_on"]}:

| figure ({synthetic}val notes) | |
| --- | --- |
{figures}

A code is predicted when its probability is above {config["threshold"]:.4f}{thresholds}.
What the confidence in a suggestion stands for, among the {TOP} best codes of each {synthetic}val note:

| version | band | confidence from | suggestions | right |
| --- | --- | --- | --- | --- |
{bands}

## Use

```python
from icdbridge import Coder

coder = Coder.load("{name}")
for suggestion in coder.code(open("note.txt").read()):
    print(suggestion.code, suggestion.description, suggestion.probability, suggestion.evidence)
```

## Limits

Suggestions for a trained coder to check, not codes to bill from. Codes with few or no training notes are scored
from the words of their descriptions and are less sure. The weights come from the notes named above: treat them
with the care that those notes ask for.
"""
