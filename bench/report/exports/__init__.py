"""Policies, data sets and records in the formats of other tools, each with a card (README.md)."""
