"""Let MuJoCo draw without a screen."""

from __future__ import annotations

import os
from ctypes.util import find_library

from bench.tasks.registry import family_of_environment

VARIABLE = "MUJOCO_GL"  # of MuJoCo and Gymnasium: egl, osmesa or glfw
LIBRARIES = {"egl": "EGL", "osmesa": "OSMesa"}  # in the order in which they are tried


def choose_renderer(environment: str) -> str | None:
    """Choose how MuJoCo draws in this process: with EGL or OSMesa where there is no screen.

    Call it before the first environment that draws is made.

    Args:
        environment: a Gymnasium id. For environments of other simulators nothing is chosen.

    Returns:
        The value of `MUJOCO_GL`; None where nothing was chosen: there is a screen, or no need.

    Raises:
        ValueError: there is neither a screen nor one of the two libraries.
    """
    if "mujoco" not in family_of_environment(environment).simulators:
        return None
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    if any(os.environ.get(screen) for screen in ("DISPLAY", "WAYLAND_DISPLAY")):
        return None
    for name, library in LIBRARIES.items():
        if find_library(library) is not None:
            os.environ[VARIABLE] = name
            return name
    raise ValueError(
        f"cannot draw {environment}: there is no screen, and neither EGL nor OSMesa is installed. Install one, on "
        "Debian and Ubuntu with `apt-get install libegl1 libgl1-mesa-dri` or `apt-get install libosmesa6`"
    )
