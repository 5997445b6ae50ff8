"""The options that the benchmarks share."""

import argparse
from pathlib import Path


def parser(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """With ``--paper-code``, ``--rounds``, ``--clock`` and ``--out``."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--paper-code", help="a checkout of the paper's own code, to measure it too")
    made.add_argument("--rounds", type=int, default=rounds)
    made.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="cpu where others compute too")
    made.add_argument("--out", type=Path, default=Path("build/bench"))
    return made
