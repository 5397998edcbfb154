"""Reacher2d against its published facts, and against a controller that knows the arm."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from bench.environments.reacher2d import ID
from bench.environments.vector import make


@pytest.fixture
def reacher():
    environment = make(ID)
    yield environment
    environment.close()


def at(environment, angles, goal, velocities=(0.0, 0.0)):
    """Put arm and goal there and return the observation of the present."""
    bare = environment.unwrapped
    bare.data.mocap_pos[0, :2] = goal
    bare.set_state(np.array(angles, float), np.array(velocities, float))
    return bare._observation()


@pytest.mark.filterwarnings("ignore:.*Box observation space.*")
def test_gymnasium_accepts_it(reacher):
    check_env(reacher.unwrapped, skip_render_check=True)


def test_gymnasium_knows_the_id_without_our_help():
    environment = gymnasium.make(ID)
    assert environment.spec.max_episode_steps == 100
    environment.close()


def test_spaces_are_as_published(reacher):
    assert reacher.observation_space.shape == (12,)
    assert reacher.action_space.shape == (2,)
    np.testing.assert_array_equal(reacher.action_space.low, [-1, -1])
    np.testing.assert_array_equal(reacher.action_space.high, [1, 1])


def test_the_observation_by_hand(reacher):
    reacher.reset(seed=0)
    seen = at(reacher, (np.pi / 2, -np.pi / 2), (0.25, 0.75), velocities=(2.0, -1.0))
    # upper link straight up to (0, 0.5), lower link to the right: the tip is at (0.5, 0.5)
    by_hand = [1, -1, 0, 0, 0.3, -0.15, 0.5, 0.5, 0.25, 0.75, 0.25, -0.25]
    np.testing.assert_allclose(seen, by_hand, atol=1e-12)


@pytest.mark.parametrize(
    ("goal", "reward"),
    [((0.95, 0.0), 1.0), ((0.95, 0.049), 1.0), ((0.95, 0.051), 0.0), ((0.89, 0.0), 0.0)],
)
def test_the_reward_is_one_within_a_tenth_in_l1(reacher, goal, reward):
    reacher.reset(seed=0)
    at(reacher, (0.0, 0.0), goal)  # stretched: the tip is at (1, 0) and stays there
    assert reacher.step(np.zeros(2))[1] == reward


def test_an_episode_is_a_hundred_steps_and_never_terminal(reacher):
    reacher.reset(seed=3)
    ends = [reacher.step(np.ones(2))[2:4] for _ in range(100)]
    assert not any(terminal for terminal, _ in ends)
    assert [timeout for _, timeout in ends] == [False] * 99 + [True]


def test_goals_fill_the_ring(reacher):
    goals = np.array([reacher.reset(seed=seed)[0][8:10] for seed in range(400)])
    radii = np.linalg.norm(goals, axis=1)
    assert 0.5 <= radii.min() < 0.52
    assert 0.98 < radii.max() <= 1.0
    assert radii.mean() == pytest.approx(0.75, abs=0.03)  # uniform in the radius
    assert np.abs(goals.mean(axis=0)).max() < 0.1  # and in the angle


def test_the_arm_starts_nearly_stretched_and_nearly_at_rest(reacher):
    starts = np.array([reacher.reset(seed=seed)[0] for seed in range(400)])
    angles = np.arctan2(starts[:, :2], starts[:, 2:4])
    velocities = starts[:, 4:6] / reacher.unwrapped.dt
    for values, bound in ((angles, 0.1), (velocities, 0.005)):
        assert np.abs(values).max() <= bound * (1 + 1e-9)
        assert values.min(axis=0) == pytest.approx(-bound, rel=0.03)
        assert values.max(axis=0) == pytest.approx(bound, rel=0.03)
        assert np.abs(values.mean(axis=0)).max() < 0.1 * bound


def test_a_seed_gives_the_same_episode(reacher):
    def episode():
        first, _ = reacher.reset(seed=11)
        return [first, *(reacher.step(np.array([0.3, -0.2]))[0] for _ in range(20))]

    np.testing.assert_array_equal(episode(), episode())


def test_inverse_kinematics_and_damping_reach_every_goal(reacher):
    returns = []
    for seed in range(20):
        seen, _ = reacher.reset(seed=seed)
        x, y = seen[8:10]
        distance = min(np.hypot(x, y), 0.999)
        elbow = np.arccos((distance**2 - 0.5) / 0.5)
        shoulder = np.arctan2(y, x) - np.arctan2(0.5 * np.sin(elbow), 0.5 + 0.5 * np.cos(elbow))
        total = 0.0
        for _ in range(100):
            angles, velocities = reacher.unwrapped.data.qpos, reacher.unwrapped.data.qvel
            turn = (shoulder - angles[0] + np.pi) % (2 * np.pi) - np.pi
            torque = [
                10 * turn - 2.5 * velocities[0],
                6 * (elbow - angles[1]) - 1.2 * velocities[1],
            ]
            total += reacher.step(np.clip(torque, -1, 1))[1]
        returns.append(total)
    assert min(returns) > 60
    assert np.mean(returns) > 76  # the score of 100


def test_chance_scores_about_nothing(reacher):
    random = np.random.default_rng(0)
    returns = []
    for seed in range(40):
        reacher.reset(seed=seed)
        returns.append(sum(reacher.step(random.uniform(-1, 1, 2))[1] for _ in range(100)))
    assert np.mean(returns) < 3
