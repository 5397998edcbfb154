"""MuJoCo's environments: Gymnasium's -v4 tasks and the suite's own Reacher."""

from __future__ import annotations

from importlib.metadata import version

from bench.environments import reacher2d
from bench.environments.vector import UnknownEnvironment

# Hopper-v4 transitions recorded with mujoco 2.3.3 to 3.4 do not re-simulate from 3.5 on: contacts
# differ
FROM, BELOW = (2, 3, 3), (3, 5, 0)


def register() -> None:
    """Make the suite's own environments known to Gymnasium; doing it twice is harmless."""
    reacher2d.register()


def check(environment: str) -> None:
    """Refuse a version of MuJoCo that gives other numbers.

    Raises:
        UnknownEnvironment: such a version is installed.
    """
    installed = tuple(int(part) for part in version("mujoco").split(".")[:3])
    if not FROM <= installed < BELOW:
        raise UnknownEnvironment(
            f"mujoco {version('mujoco')} is installed, but {environment} is reproducible only with "
            "mujoco >= 2.3.3, < 3.5: install the versions of requirements.lock"
        )
