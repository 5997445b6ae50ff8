"""The run folder, and a trained model applied to notes."""

from typing import TYPE_CHECKING

from icdbridge.lazy import lazy_exports

if TYPE_CHECKING:
    from icdbridge.runs.run import Run, write_run
    from icdbridge.runs.scored import Scored
    from icdbridge.runs.stored_files import CodeIndex

__all__ = ["CodeIndex", "Run", "Scored", "write_run"]

_PLACES = {
    "CodeIndex": "icdbridge.runs.stored_files",
    "Run": "icdbridge.runs.run",
    "Scored": "icdbridge.runs.scored",
    "write_run": "icdbridge.runs.run",
}
__getattr__, __dir__ = lazy_exports(__name__, _PLACES)
