"""Synthetic dumps in the layout of MIMIC-III and MIMIC-IV, made from the real code tables.

They exist so that demonstrations, tests and benchmarks go through the real readers. ``Settings`` says what can be set.
"""

from icdbridge.synthetic.dump import Settings
from icdbridge.synthetic.mimic3_dump import synthesize_mimic3
from icdbridge.synthetic.mimic4_dump import synthesize_mimic4

__all__ = ["Settings", "synthesize_mimic3", "synthesize_mimic4"]
