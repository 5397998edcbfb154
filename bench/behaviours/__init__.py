"""The behaviour policies that generate the embedded data: their training, the zoo of their snapshots, and roll-outs."""

from pathlib import Path

ZOO = Path(__file__).parent / "zoo"
