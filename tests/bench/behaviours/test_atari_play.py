"""Games that a policy plays for a data set."""

from __future__ import annotations

import itertools

from bench.behaviours.atari_play import play
from bench.core.seeds import derive
from bench.datasets.recorder import Video
from tests.helpers.counting_game import Always, Counter


def copied(video: Video) -> Video:
    return Video(
        video.frames.copy(),
        video.actions,
        video.rewards,
        video.terminal,
        video.final,
        video.score,
    )


def test_a_game_by_hand() -> None:
    agent = Always(2)
    environment = Counter([3, 9], horizon=5)
    first, second = map(copied, itertools.islice(play(agent, environment, "name"), 2))
    assert first.frames[:, 0, 0].tolist() == [10, 11, 12]
    assert first.actions.tolist() == [2, 2, 2]
    assert first.rewards.tolist() == [-1, 1, -1]
    assert (first.terminal, first.score) == (True, -30)
    assert first.final is not None
    assert (first.final == 13).all()
    assert (second.terminal, second.score, len(second.frames)) == (False, -30, 5)
    assert environment.seeds == [derive("reset", "name", 0), derive("reset", "name", 1)]
    seen = [(memory, before) for memory, before, _ in agent.shown]
    assert seen == [(0, 0), (1, 0), (2, 1), (0, 0), (1, 0), (2, 1), (3, 2), (4, 3)]
    assert len({chance for *_, chance in agent.shown}) == 8


def test_a_game_that_is_over_in_the_last_step_of_the_horizon_ends_in_a_terminal() -> None:
    games = play(Always(0), Counter([5, 6], horizon=5), "name")
    ends = [(len(video.frames), video.terminal) for video in itertools.islice(games, 2)]
    assert ends == [(5, True), (5, False)]
