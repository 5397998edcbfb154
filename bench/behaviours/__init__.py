"""The policies that generate the embedded data: training, the zoo of checkpoints, roll-out."""

from pathlib import Path

ZOO = Path(__file__).parent / "zoo"
