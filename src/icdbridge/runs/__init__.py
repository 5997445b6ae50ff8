"""The run folder, and a trained model applied to notes."""

from icdbridge.runs.run import CodeIndex, Run, write_run
from icdbridge.runs.scored import Scored

__all__ = ["CodeIndex", "Run", "Scored", "write_run"]
