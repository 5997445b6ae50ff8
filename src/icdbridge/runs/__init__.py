"""The run folder, and a trained model applied to notes."""

from icdbridge.runs.run import Run, write_run
from icdbridge.runs.scored import Scored
from icdbridge.runs.stored import CodeIndex

__all__ = ["CodeIndex", "Run", "Scored", "write_run"]
