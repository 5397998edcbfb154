"""A run: its plan, its identity, training, evaluation and record."""
