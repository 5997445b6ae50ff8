"""The paper's tables and figure on the user's corpora; each run is trained once and found again."""

from icdbridge.reproduction.paper_tables import TABLES
from icdbridge.reproduction.study import Study, System
from icdbridge.reproduction.sweeps import SWEEPS, sweep

__all__ = ["SWEEPS", "TABLES", "Study", "System", "sweep"]
