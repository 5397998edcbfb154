"""The environments: steps of many at once, and the suite's own."""
