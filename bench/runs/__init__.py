"""Runs: plan, identity, training, evaluation and record."""
