"""Evaluation of runs: metrics, thresholds, the long tail, intervals, comparisons and reports."""
