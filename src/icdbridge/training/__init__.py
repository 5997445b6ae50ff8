"""From corpora to a run: settings and presets, batches of one version, the loop."""

from icdbridge.training.learnt_corpora import describe_training
from icdbridge.training.presets import MODELS, PRESETS
from icdbridge.training.settings import Settings, make_settings
from icdbridge.training.train import train

__all__ = ["MODELS", "PRESETS", "Settings", "describe_training", "make_settings", "train"]
