"""Statistics: intervals, aggregates, the bootstrap, and verdicts."""
