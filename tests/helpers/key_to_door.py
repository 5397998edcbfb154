"""Key-to-Door's maps, typed again, and what follows from them without the code under test."""

from collections import deque

import numpy as np

from bench.environments.key_to_door_rooms import Rooms

# typed again, not the maps under test
KEY_ROOM = [
    "  #######  ",
    "  #kkkkk#  ",
    "  #kkkkk#  ",
    "  ##   ##  ",
    "  #+++++#  ",
    "  #+++++#  ",
    "  #######  ",
]
DOOR_ROOM = ["##d##", "#   #", "# + #", "#   #", "#####"]
NORTH, SOUTH, WEST, EAST = range(4)
MOVES = {NORTH: (-1, 0), SOUTH: (1, 0), WEST: (0, -1), EAST: (0, 1)}
CHARACTERS = {
    (26, 26, 26): "#",
    (204, 204, 204): " ",
    (229, 149, 110): "+",
    (160, 82, 45): "k",
    (135, 206, 235): "d",
    (255, 255, 255): "i",
}


def where(room, kind):
    return [(i, j) for i, row in enumerate(room) for j, cell in enumerate(row) if cell == kind]


KEYS, STARTS = where(KEY_ROOM, "k"), where(KEY_ROOM, "+")
PAIRS = [(key, start) for key in KEYS for start in STARTS]


def neighbour(room, cell, action):
    """The cell an action leads to; a wall or the end of the map leaves the agent where it is."""
    row, column = cell[0] + MOVES[action][0], cell[1] + MOVES[action][1]
    inside = 0 <= row < len(room) and 0 <= column < len(room[0])
    return (row, column) if inside and room[row][column] != "#" else cell


def shortest(room, start, goal):
    """The actions of a shortest path, breadth first."""
    paths, queue = {start: []}, deque([start])
    while goal not in paths:
        cell = queue.popleft()
        for action in MOVES:
            following = neighbour(room, cell, action)
            if following not in paths:
                paths[following] = [*paths[cell], action]
                queue.append(following)
    return paths[goal]


class Draws:
    """In place of a generator: draws these numbers."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def integers(self, high):
        return self.numbers.pop(0)


def begun(pairs):
    """Rooms whose envs have these keys and starts."""
    rooms = Rooms(len(pairs))
    draws = [Draws(KEYS.index(key), STARTS.index(start)) for key, start in pairs]
    rooms.reset(np.arange(len(pairs)), draws)
    return rooms


def spell(observation):
    return "\n".join("".join(CHARACTERS[tuple(cell)] for cell in row) for row in observation)


def play(rooms, actions):
    """Rewards (steps, L) and observations (steps, L, 5, 5, 3) after actions (steps, L)."""
    envs = np.arange(actions.shape[1])
    played = [(rooms.step(envs, row), rooms.observations.copy()) for row in actions]
    return tuple(np.array(column) for column in zip(*played, strict=True))
