"""Diagnostics: measurements of a trained policy other than its return."""
