"""Which versions of MuJoCo give comparable numbers, for families that are variants of its tasks.

The rule is that of `bench.environments.mujoco`. It stands here once more, so that a run of such a family
does not depend on the environments of that one.
"""

from __future__ import annotations

from importlib.metadata import version

from bench.environments.vector import UnknownEnvironment

FROM, BELOW = (2, 3, 3), (3, 5, 0)


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
