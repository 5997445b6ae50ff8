"""What coders decided, brought back: a corpus to learn from, a confidence that fits, a report."""
