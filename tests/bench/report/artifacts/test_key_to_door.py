"""Exact chances of Key-to-Door, from maps of its own and from every transition of `Rooms`."""

import numpy as np
import pytest

from bench.environments.key_to_door_rooms import HORIZON, Rooms
from tests.helpers.key_to_door import DOOR_ROOM, KEY_ROOM, MOVES, PAIRS, neighbour


def hitting(room, start, goal, steps, idle=0):
    """Probability that a uniform random walk meets the goal within so many steps; `idle` actions
    more do nothing.
    """
    cells = sorted({(i, j) for i, row in enumerate(room) for j, c in enumerate(row) if c != "#"})
    matrix = np.zeros((len(cells), len(cells)))
    for index, cell in enumerate(cells):
        for action in MOVES:
            target = cell if cell == goal else neighbour(room, cell, action)
            matrix[index, cells.index(target)] += 1 / 4
    matrix = (4 * matrix + idle * np.eye(len(cells))) / (4 + idle)
    return np.linalg.matrix_power(matrix, steps)[cells.index(start), cells.index(goal)]


def chance(key_steps=15, door_steps=15, idle=0):
    """P(key) and P(door | key)."""
    key = np.mean([hitting(KEY_ROOM, start, key, key_steps, idle) for key, start in PAIRS])
    return key, hitting(DOOR_ROOM, (2, 2), (0, 2), door_steps, idle)


def enumerated():
    """P(key) and P(reward) of uniform random actions, by every state and action of `Rooms`."""
    states = np.array([(*key, *start, False, False) for key, start in PAIRS])
    mass, rewarded, key = np.full(len(PAIRS), 1 / len(PAIRS)), 0.0, None
    for step in range(HORIZON):
        rooms = Rooms(4 * len(states))
        rooms.key[:], rooms.position[:], (rooms.has_key[:], rooms.done[:]) = (
            np.repeat(states[:, :2], 4, axis=0),
            np.repeat(states[:, 2:4], 4, axis=0),
            np.repeat(states[:, 4:], 4, axis=0).T,
        )
        rooms.steps[:] = step
        rewards = rooms.step(np.arange(4 * len(states)), np.tile(np.arange(4), len(states)))
        rewarded += (np.repeat(mass, 4) / 4) @ rewards.astype(float)
        following = np.column_stack([rooms.key, rooms.position, rooms.has_key, rooms.done])
        states, index = np.unique(following, axis=0, return_inverse=True)
        mass = np.bincount(index.ravel(), np.repeat(mass, 4) / 4)
        if step == 14:
            key = mass[states[:, 4] == 1].sum()
    return key, rewarded


def test_chance_is_the_exact_probability_of_a_markov_chain():
    key, door = chance()
    assert round(100 * key, 2) == 10.28
    assert round(100 * door, 2) == 27.38
    assert round(100 * key * door, 2) == 2.81
    assert enumerated() == pytest.approx((key, key * door), abs=1e-12)


def test_what_other_readings_of_the_paper_would_give():
    def percent(**changes):
        return round(100 * float(np.prod(chance(**changes))), 2)

    assert percent(key_steps=16) == 3.09
    assert percent(key_steps=16, door_steps=16) == 3.25
    assert percent(idle=1) == 1.69  # a fifth action that does nothing
    key, _ = chance()
    assert round(100 * key**2, 2) == 1.06  # a door room that is the key room upside down


def test_the_papers_rate_is_within_a_standard_error_for_up_to_3000_episodes():
    rate = np.prod(chance())
    assert 0.031 - rate < np.sqrt(rate * (1 - rate) / 3000)


def test_random_episodes_succeed_as_often_as_computed():
    count, actions = 20_000, np.random.default_rng(0)
    rooms, envs = Rooms(count), np.arange(count)
    rooms.reset(envs, [np.random.default_rng(seed) for seed in range(count)])
    pairs = [tuple(map(tuple, pair)) for pair in np.stack([rooms.key, rooms.position], 1).tolist()]
    tally = np.array([pairs.count(pair) for pair in PAIRS])
    assert tally.sum() == count
    assert ((tally - 200) ** 2 / 200).sum() < 149  # chi-square, 99 degrees: 0.1 % lie above
    total = np.zeros(count)
    for _ in range(HORIZON):
        total += rooms.step(envs, actions.integers(4, size=count))
    key, door = chance()
    for found, expected in ((rooms.has_key, key), (total, key * door), (rooms.done, key * door)):
        assert abs(found.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / count)
