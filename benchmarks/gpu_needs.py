"""What ``make gpu-check`` installs beside the machine's own torch: ranges of pyproject.toml, one a line."""

import tomllib
from pathlib import Path


def needs() -> list[str]:
    """Requirements of the core and the extras ``models`` and ``plm``."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    every = [*project["dependencies"], *extras["models"], *extras["plm"]]
    return [one for one in every if not one.startswith(("torch>", "icdbridge["))]


if __name__ == "__main__":
    print("\n".join(needs()))
