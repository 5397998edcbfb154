"""The tasks of Key-to-Door, and the success rates of random actions there."""

from __future__ import annotations

from bench.tasks.registry import tasks_of

KEY_TO_DOOR = tasks_of("key_to_door")

# per cent of episodes with uniformly random actions, computed exactly for these rooms
# (tests/bench/report/artifacts/test_key_to_door.py)
CHANCE = 2.81  # take the key and reach the door
CHANCE_OF_KEY = 10.28  # take the key
CHANCE_WITH_KEY = 27.38  # reach the door, of the episodes that took the key
