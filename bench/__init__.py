"""What every method shares: tasks, data, training, evaluation, records, scores. Imports neither dt
nor baselines.
"""
