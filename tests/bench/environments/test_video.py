"""Pictures of Key-to-Door for people, and videos of them."""

import errno
import os
import re
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from PIL import Image

from bench.core import files
from bench.core.files import DiskFull
from bench.environments import pixels
from bench.environments.key_to_door import ID, KeyToDoor, draw
from bench.environments.key_to_door_rooms import AGENT, DOOR, HORIZON, KEY, Rooms
from bench.environments.video import Script, episode, fitted, write_gif
from tests.helpers.key_to_door import KEY_ROOM, MOVES, NORTH, SOUTH, begun, shortest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "key_to_door.md"
START, GOAL = (5, 4), (1, 3)


@pytest.fixture(scope="module")
def frames():
    """A random episode's pictures."""
    return episode(Script(np.random.default_rng(3).integers(0, 4, HORIZON)), ID, seed=3, target=1.0)


def decoded(path):
    with Image.open(path) as image:
        for index in range(image.n_frames):
            image.seek(index)
            yield np.asarray(image.convert("RGB"))


def middles(picture, side=24):
    """The colour in the middle of each cell of the room's part of a picture."""
    return picture[side // 2 : -2 * side : side, side // 2 :: side].astype(int)


def test_the_picture_by_hand():
    rooms = begun([(GOAL, START)])
    cells = middles(draw(rooms, 0))
    assert cells.shape == (9, 13, 3)
    around = np.zeros((9, 13), dtype=bool)  # a cell of floor frames the map of 7 by 11
    around[4:9, 3:8] = True
    light = np.where(around, 1, 0.55)
    drawn = [" " * 13, *(f" {row} " for row in KEY_ROOM), " " * 13]
    expected = np.array([[[26 if cell == "#" else 204] * 3 for cell in row] for row in drawn])
    expected[GOAL[0] + 1, GOAL[1] + 1] = KEY
    expected[START[0] + 1, START[1] + 1] = AGENT
    np.testing.assert_array_equal(cells, (expected * light[:, :, None]).astype(int))


def test_the_small_door_room_is_in_the_middle():
    rooms = begun([((2, 5), (4, 5))])
    for _ in range(105):
        rooms.step(np.array([0]), np.array([SOUTH]))
    cells = middles(draw(rooms, 0))
    assert cells[4, 6].tolist() == list(AGENT)
    assert cells[2, 6].tolist() == list(DOOR)
    assert cells[2, 5].tolist() == [26] * 3


def test_the_strip_tells_people_what_the_agent_is_not_shown():
    rooms = begun([(GOAL, START)])
    path = shortest(KEY_ROOM, START, GOAL)
    squares = []
    for step in range(HORIZON + 1):
        strip = draw(rooms, 0)[-48:]
        colours = set(map(tuple, strip[24:].reshape(-1, 3).tolist()))
        squares.append((KEY in colours, DOOR in colours))
        elapsed = (strip[2] == pixels.PAST).all(axis=1).mean()
        assert elapsed == pytest.approx(step / HORIZON, abs=0.02)
        if step < HORIZON:
            rooms.step(np.array([0]), np.array([path[step] if step < len(path) else NORTH]))
    assert [key for key, _ in squares].index(True) == len(path)
    assert [door for _, door in squares].index(True) == 107
    assert squares[-1] == (True, True)


@pytest.mark.parametrize("side", [12, 24, 31])
def test_all_pictures_have_one_size(side):
    environment = KeyToDoor(render_mode="rgb_array", pixels=side)
    environment.reset(seed=1)
    pictures = [environment.render()]
    for step in range(HORIZON):
        environment.step(np.int64(step % 4))
        pictures.append(environment.render())
    assert {picture.shape for picture in pictures} == {(11 * side, 13 * side, 3)}
    assert {picture.dtype for picture in pictures} == {np.dtype(np.uint8)}
    assert KeyToDoor().render() is None


def test_the_same_episode_has_the_same_pictures(frames):
    actions = np.random.default_rng(3).integers(0, 4, HORIZON)
    np.testing.assert_array_equal(episode(Script(actions), ID, seed=3, target=1.0), frames)


def test_cells_too_small_for_text_are_refused():
    with pytest.raises(ValueError, match="at least 12 pixels wide, not 11"):
        draw(Rooms(1), 0, pixels=11)


def test_a_video_is_exact_small_and_the_same_each_time(frames, tmp_path):
    assert len(frames) == HORIZON + 1
    write_gif(frames, tmp_path / "a.gif")
    write_gif(frames, tmp_path / "b.gif")
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert (tmp_path / "a.gif").stat().st_size < 200_000
    for shown, frame in zip(decoded(tmp_path / "a.gif"), frames, strict=True):
        np.testing.assert_array_equal(shown, frame)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["loop"] == 0
        assert image.info["duration"] == 120  # 8 a second, in hundredths
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.gif", "b.gif"]


def test_any_255_colours_are_kept(tmp_path):
    random = np.random.default_rng(0)
    colours = random.choice(1 << 24, 255, replace=False)
    palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.uint8)
    shown = [palette[random.integers(0, 255, (30, 40))] for _ in range(6)]
    write_gif(shown, tmp_path / "many.gif", fps=25)
    np.testing.assert_array_equal(list(decoded(tmp_path / "many.gif")), shown)
    write_gif([shown[0], shown[0], shown[1]], tmp_path / "pause.gif", fps=10)
    with Image.open(tmp_path / "pause.gif") as image:
        assert (image.n_frames, image.info["duration"]) == (2, 200)


PLAIN = np.zeros((4, 4, 3), dtype=np.uint8)
MANY = np.stack([np.arange(256).reshape(16, 16)] * 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("shown", "name", "fps", "message"),
    [
        ([], "a.gif", 8, "not none"),
        ([PLAIN, PLAIN[:2]], "a.gif", 8, "of one size, not [(2, 4, 3), (4, 4, 3)]"),
        ([PLAIN / 255], "a.gif", 8, "must be uint8"),
        ([PLAIN[:, :, 0]], "a.gif", 8, "must be RGB (height, width, 3), not (4, 4)"),
        ([MANY], "a.gif", 8, "256 colours, but a GIF holds at most 255"),
        ([PLAIN], "a.png", 8, "its name must end in .gif"),
        ([PLAIN], "a.gif", 0, "above 0 and at most 50, not 0"),
        ([PLAIN], "a.gif", 60, "not 60"),
        ([PLAIN], "a.gif", float("nan"), "not nan"),
    ],
)
def test_other_films_are_refused(tmp_path, shown, name, fps, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        write_gif(shown, tmp_path / name, fps)
    assert not any(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        write_gif([PLAIN], tmp_path / "file" / "a.gif")
    (tmp_path / "folder.gif").mkdir()
    with pytest.raises(IsADirectoryError, match=r"folder\.gif"):
        write_gif([PLAIN], tmp_path / "folder.gif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.gif"]


def test_a_full_disk_keeps_the_earlier_film(tmp_path, monkeypatch):
    path = tmp_path / "a.gif"
    write_gif([PLAIN], path)
    before = path.read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(DiskFull, match=f"no space left while writing {path}"):
        write_gif([PLAIN + 1], path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gif"]


def test_an_episode_keeps_the_contract_of_a_policy():
    class Recorder:
        def reset(self, seeds, targets):
            self.told, self.seen = (seeds, targets), []

        def act(self, observations, rewards):
            self.seen.append((observations.copy(), rewards.copy()))
            return script.act(observations, rewards)

    rooms = Rooms(1)
    rooms.reset(np.array([0]), [np.random.default_rng(8)])
    path = shortest(KEY_ROOM, tuple(rooms.position[0]), tuple(rooms.key[0]))
    script, agent = Script([*path, *[NORTH] * (HORIZON - len(path))]), Recorder()
    episode(agent, ID, seed=8, target=1.0, noise=5)
    seeds, targets = agent.told
    assert (seeds.tolist(), seeds.dtype, targets.tolist(), targets.dtype) == ([5], int, [1], "f4")
    assert {(seen.shape, seen.dtype.name) for seen, _ in agent.seen} == {((1, 5, 5, 3), "uint8")}
    np.testing.assert_array_equal(agent.seen[0][0], rooms.observations)
    assert [step for step, (_, reward) in enumerate(agent.seen) if reward[0]] == [107]


def test_a_video_of_another_environment(tmp_path):
    """Observations that are not pixels arrive as float32, as in an evaluation."""

    class Left:
        def reset(self, seeds, targets):
            pass

        def act(self, observations, rewards):
            assert observations.dtype == np.float32
            return np.zeros(1, dtype=np.int64)

    class Line(gymnasium.Env):
        metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012
        observation_space = gymnasium.spaces.Box(-1, 1, (2,), dtype=np.float64)
        action_space = gymnasium.spaces.Discrete(2)
        picture = np.zeros((2, 2, 3), dtype=np.uint8)

        def __init__(self, render_mode):
            self.render_mode = render_mode

        def reset(self, *, seed=None, options=None):
            return np.zeros(2), {}

        def step(self, action):
            self.picture += 1
            return np.zeros(2), 0.0, False, bool(self.picture.max() == 3), {}

        def render(self):
            return self.picture

    gymnasium.register("test/Line-v0", entry_point=Line)
    shown = episode(Left(), "test/Line-v0", seed=0, target=0.0)
    assert [frame.max() for frame in shown] == [0, 1, 2, 3]
    del gymnasium.registry["test/Line-v0"]


def test_an_environment_that_cannot_be_drawn_is_named(monkeypatch):
    def no_display(scene):
        raise RuntimeError("no display")

    monkeypatch.setattr(KeyToDoor, "render", no_display)
    message = f"cannot draw {ID} on this machine: no display"
    with pytest.raises(ValueError, match=re.escape(message)):
        episode(Script([0]), ID, seed=3, target=1.0)


@pytest.mark.parametrize("most", [None, 10, 11, 12])
@pytest.mark.parametrize("every", [1, 4, 7])
def test_every_few_frames_are_kept_and_the_last_one(frames, most, every):
    actions = np.random.default_rng(3).integers(0, 4, HORIZON)
    rewards: list[float] = []
    found = episode(Script(actions), ID, 3, 1.0, most=most, every=every, rewards=rewards)
    last = HORIZON if most is None else most
    shown = sorted({*range(0, last + 1, every), last})
    np.testing.assert_array_equal(found, [frames[step] for step in shown])
    assert len(rewards) == last


def test_rewards_are_those_of_the_episode():
    rooms = Rooms(1)
    rooms.reset(np.array([0]), [np.random.default_rng(8)])
    path = shortest(KEY_ROOM, tuple(rooms.position[0]), tuple(rooms.key[0]))
    script = Script([*path, *[NORTH] * (HORIZON - len(path))])
    rewards: list[float] = []
    episode(script, ID, seed=8, target=1.0, rewards=rewards)
    assert [step for step, reward in enumerate(rewards) if reward] == [106]


def test_high_pictures_become_smaller_and_low_ones_stay(frames):
    small = fitted(frames[0], 132)
    assert small.shape == (132, 156, 3)
    np.testing.assert_array_equal(small[3, 5], frames[0][6:8, 10:12].mean(axis=(0, 1)).round())
    assert fitted(frames[0], 264) is frames[0]
    assert fitted(frames[0], None) is frames[0]


def test_a_script_that_is_too_short_says_so():
    with pytest.raises(ValueError, match="ends after 2 actions"):
        episode(Script(list(MOVES)[:2]), ID, seed=0, target=1.0)


def test_the_pages_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    [example] = [example for example in examples if "Script(" in example]  # needs no trained run
    exec(compile(example, PAGE.name, "exec"), {})
    with Image.open(tmp_path / "episode.gif") as image:
        assert image.n_frames == HORIZON + 1
