"""The run folder, and a trained model applied to notes."""
