"""The rules of Key-to-Door against solutions, views drawn by hand, and the environment it follows."""

import hashlib
import random

import numpy as np
import pytest

from bench.environments.key_to_door_rooms import HORIZON, Rooms
from tests.helpers.key_to_door import (
    EAST,
    KEY_ROOM,
    KEYS,
    NORTH,
    PAIRS,
    SOUTH,
    STARTS,
    WEST,
    Draws,
    begun,
    play,
    shortest,
    spell,
)


def solutions():
    """For each pair the shortest path to the key, then north: against walls, and at last into the
    doorway.
    """
    actions = np.full((HORIZON, len(PAIRS)), NORTH)
    for env, (key, start) in enumerate(PAIRS):
        path = shortest(KEY_ROOM, start, key)
        actions[: len(path), env] = path
    return actions


def test_frames_are_those_of_the_environment_it_follows():
    """The digest is of google-deepmind/deepmind-research tvt/pycolab/key_to_door.py, run with
    pycolab 1.2 and no apples: 400 episodes up to the opening of the door, as characters.
    """
    rooms = begun([(KEYS[n % 10], STARTS[n // 10 % 10]) for n in range(400)])
    draws = [random.Random(n) for n in range(400)]
    actions = np.array([[int(4 * draw.random()) for _ in range(HORIZON)] for draw in draws]).T
    first = rooms.observations.copy()
    rewards, seen = play(rooms, actions)
    episodes = []
    for env in range(400):
        opened = rewards[:, env].argmax() if rewards[:, env].any() else HORIZON
        frames = [spell(frame) for frame in (first[env], *seen[:opened, env])]
        episodes.append("\n\n".join(frames) + ("!" if opened < HORIZON else ""))
    assert sum("i" in episode for episode in episodes) == 34
    assert sum(episode.endswith("!") for episode in episodes) == 11
    digest = hashlib.sha256("\n\n\n".join(episodes).encode()).hexdigest()
    assert digest == "306be3f5bf22d641c2f2fea161e8b67286f3b9274d134a6cffcf66c3b7709d2a"


def test_every_key_can_be_reached_in_time_and_every_episode_solved():
    lengths = np.array([len(shortest(KEY_ROOM, start, key)) for key, start in PAIRS])
    assert (lengths.min(), lengths.max()) == (2, 8)
    rooms = begun(PAIRS)
    rewards, seen = play(rooms, solutions())
    assert set(rewards.sum(axis=0)) == {1.0}
    assert set(np.argmax(rewards, axis=0)) == {106}  # the second action in the door room
    lit = (seen == 255).all(axis=-1).sum(axis=(2, 3))  # (steps, L): white cells in view
    assert lit.sum(axis=0).tolist() == [1] * len(PAIRS)
    assert np.argmax(lit, axis=0).tolist() == (lengths - 1).tolist()


def test_the_same_without_the_key_leaves_the_door_shut():
    rooms, actions = begun(PAIRS), solutions()
    actions[:15] = SOUTH
    rewards, seen = play(rooms, actions)
    assert not rewards.any()
    assert not rooms.has_key.any()
    assert not rooms.done.any()
    assert rooms.position.tolist() == [[1, 2]] * len(PAIRS)  # below the door
    assert (seen[-1, :, 1, 2] == (135, 206, 235)).all()


def test_a_key_taken_by_the_last_action_in_its_room_counts_and_lights_nothing():
    rooms, path = begun([((1, 3), (5, 3))]), shortest(KEY_ROOM, (5, 3), (1, 3))
    actions = np.array([*[SOUTH] * (15 - len(path)), *path])[:, None]
    _, seen = play(rooms, actions)
    assert rooms.has_key.tolist() == [True]
    assert rooms.position.tolist() == [[5, 5]]
    assert not (seen == 255).all(axis=-1).any()
    assert not (rooms.picture(0) == 255).all(axis=-1).any()


def test_a_new_episode_remembers_nothing():
    rooms, actions = begun([((2, 5), (4, 5))]), np.full((HORIZON, 1), NORTH)
    for _ in range(2):
        rewards, _ = play(rooms, actions)
        assert rewards.sum() == 1
        rooms.reset(np.array([0]), [Draws(KEYS.index((2, 5)), STARTS.index((4, 5)))])
    play(rooms, actions[:2])  # the indicator is lit
    rooms.reset(np.array([0]), [Draws(KEYS.index((2, 5)), STARTS.index((4, 5)))])
    assert not (rooms.observations == 255).all(axis=-1).any()
    np.testing.assert_array_equal(rooms.picture(0), begun([((2, 5), (4, 5))]).picture(0))
    assert not rooms.has_key.any()
    assert not rooms.done.any()


def test_a_door_reached_by_the_last_action_counts():
    rooms = begun([((2, 5), (4, 5))])
    actions = np.full((HORIZON, 1), SOUTH)
    actions[:2], actions[-3:] = NORTH, NORTH  # from the room's south end
    rewards, _ = play(rooms, actions)
    assert rewards[:, 0].tolist() == [0.0] * 119 + [1.0]
    assert rooms.steps.tolist() == [HORIZON]


@pytest.mark.parametrize(
    ("actions", "view"),
    [
        ([], ["##   ", "#    ", "# +  ", "#####", "     "]),
        ([EAST, EAST], ["   ##", "    #", "  + #", "#####", "     "]),
        ([EAST, *[NORTH] * 3], ["#####", "k    ", "  +  ", "#   #", "     "]),
        ([EAST, *[NORTH] * 4], ["     ", "#####", "k +  ", "     ", "#   #"]),
        ([EAST, *[NORTH] * 4, WEST, WEST], ["     ", " ###i", " #+  ", " #   ", " ##  "]),
        ([EAST, *[NORTH] * 4, WEST, WEST, WEST], ["     ", " ####", " #+  ", " #   ", " ##  "]),
    ],
    ids=["start", "at a corner", "key in view", "north wall", "key taken", "a frame later"],
)
def test_views_of_the_key_room_by_hand(actions, view):
    rooms = begun([((1, 3), (5, 4))])
    play(rooms, np.array(actions, dtype=int).reshape(-1, 1))
    assert spell(rooms.observations[0]).split("\n") == view


def test_views_of_the_other_rooms_by_hand():
    rooms = begun([((2, 5), (4, 5))])
    _, seen = play(rooms, np.full((HORIZON, 1), NORTH))
    assert spell(seen[14, 0]).split("\n") == ["     ", "     ", "  +  ", "#####", "     "]
    assert spell(seen[18, 0]).split("\n") == ["     ", "#####", "  +  ", "     ", "     "]
    assert spell(seen[104, 0]).split("\n") == ["##d##", "#   #", "# + #", "#   #", "#####"]
    assert spell(seen[106, 0]).split("\n") == ["     ", "     ", "##+##", "#   #", "#   #"]


@pytest.mark.parametrize("seed", range(20))
def test_after_the_key_room_nothing_shows_who_has_the_key(seed):
    """Two envs, one with the key; they act alike, but never step into the doorway."""
    draw = np.random.default_rng(seed)
    rooms = begun([((2, 5), (4, 5)), ((2, 5), (4, 5))])
    play(rooms, np.tile([NORTH, SOUTH], (15, 1)))
    assert rooms.has_key.tolist() == [True, False]
    for _ in range(15, HORIZON):
        np.testing.assert_array_equal(rooms.observations[0], rooms.observations[1])
        action = draw.integers(4)
        below_door = rooms.steps[0] >= 105 and rooms.position[0].tolist() == [1, 2]
        if below_door and action == NORTH:
            action = EAST
        assert not rooms.step(np.arange(2), np.full(2, action)).any()
    np.testing.assert_array_equal(rooms.observations[0], rooms.observations[1])


def test_what_comes_too_early_or_does_not_exist_is_refused():
    rooms, one = Rooms(2), np.array([1])
    with pytest.raises(ValueError, match="reset its env first"):
        rooms.step(one, one)
    rooms.reset(one, [np.random.default_rng(0)])
    for wrong in (-1, 4):
        with pytest.raises(ValueError, match=f"actions must be 0 to 3, not {wrong}"):
            rooms.step(one, np.array([wrong]))
    assert rooms.steps.tolist() == [HORIZON, 0]
