"""What the pages of Key-to-Door share: which tasks it is, and how far chance gets there."""

from __future__ import annotations

from bench.tasks.registry import tasks_of

KEY_TO_DOOR = tasks_of("key_to_door")

# Per cent of episodes of uniformly random actions, computed exactly for these rooms
# (tests/bench/report/artifacts/test_key_to_door.py)
CHANCE = 2.81  # take the key and reach the door
CHANCE_OF_KEY = 10.28  # take the key
CHANCE_WITH_KEY = 27.38  # reach the door, of those that took the key
