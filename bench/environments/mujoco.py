"""MuJoCo environments: Gymnasium's -v4 tasks, and a Reacher of this suite."""

from __future__ import annotations

from importlib.metadata import version

from bench.environments import reacher2d
from bench.environments.vector import UnknownEnvironment

# Hopper-v4 transitions recorded with mujoco 2.3.3 to 3.4 cannot be reproduced with 3.5 or later: contacts
# differ
FROM, BELOW = (2, 3, 3), (3, 5, 0)


def register() -> None:
    """Register the environments of this suite with Gymnasium. A second call has no effect."""
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
