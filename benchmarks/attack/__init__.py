"""Attacks on one's own installation: kills, damage, strangers' runs, stalled and greedy clients."""
