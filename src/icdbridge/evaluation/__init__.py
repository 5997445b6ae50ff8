"""How good a run is: metrics, thresholds, the long tail, intervals, comparisons and their reports."""
