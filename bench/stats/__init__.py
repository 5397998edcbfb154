"""Intervals, aggregates, the bootstrap and verdicts."""
