"""Watch an episode: play it with pictures, and write the pictures as an animated GIF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.core.files import replacing
from bench.environments.vector import register

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

COLOURS = 255  # a GIF has 256; one stands for "as in the frame before"


class Acting(Protocol):
    """What `episode` needs of a policy (`bench.methods.contract.Policy`)."""

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start an episode."""

    def act(self, observations: F32 | U8, rewards: F32) -> F32 | I64:
        """Return an action for what is seen now, (1, ...)."""


class Script:
    """An agent that takes these actions, one after the other, whatever it sees."""

    def __init__(self, actions: Sequence[int] | I64) -> None:
        """Take the actions, (T,); an episode may be shorter, not longer."""
        self._actions = np.asarray(actions, dtype=np.int64)
        self._step = 0

    def reset(self, seeds: I64, targets: F32) -> None:
        """Go back to the first action."""
        self._step = 0

    def act(self, observations: F32 | U8, rewards: F32) -> I64:
        """Return the next action for each env, (L,).

        Raises:
            ValueError: there is none left.
        """
        if self._step == len(self._actions):
            raise ValueError(f"the script ends after {self._step} actions, the episode goes on")
        self._step += 1
        return np.full(len(observations), self._actions[self._step - 1])


def episode(
    policy: Acting,
    environment: str,
    seed: int,
    target: float,
    noise: int | None = None,
    most: int | None = None,
) -> list[U8]:
    """Play one episode and return its pictures.

    Args:
        policy: what acts, such as a trained policy.
        environment: Gymnasium's id; it must have the render mode rgb_array.
        seed: what the environment is reset with.
        target: the return asked for.
        noise: seed of the policy's own draws; None: the same as `seed`.
        most: stop after so many steps; None: play to the end.

    Returns:
        The start and what each action led to, RGB (height, width, 3): one more than steps.

    Raises:
        gymnasium.error.Error: there is no such environment.
    """
    register(environment)
    scene = gymnasium.make(environment, render_mode="rgb_array", disable_env_checker=True)
    try:
        seen, _ = scene.reset(seed=seed)
        own = seed if noise is None else noise
        policy.reset(np.array([own], dtype=np.int64), np.array([target], dtype=np.float32))
        frames, reward, over = [_picture(scene)], 0.0, False
        while not over and (most is None or len(frames) <= most):
            shown = np.asarray(seen)[None]
            if shown.dtype != np.uint8:
                shown = shown.astype(np.float32)
            [action] = policy.act(shown, np.array([reward], dtype=np.float32))
            seen, reward, terminal, timeout, _ = scene.step(action)
            frames.append(_picture(scene))
            over = terminal or timeout
        return frames
    finally:
        scene.close()


def write_gif(frames: Sequence[U8], path: Path, fps: float = 8.0) -> None:
    """Write frames as an animated GIF that starts again at its end, atomically. Its bytes depend on
    the frames and the rate alone.

    Frames in a row that are equal become one that stays longer.

    Args:
        frames: RGB uint8 (height, width, 3), all of one size, with at most 255 colours in all.
        path: ends in .gif.
        fps: frames a second, above 0 and at most 50; a GIF counts in hundredths of a second.

    Raises:
        ValueError: the frames, the path or the rate are not such.
        DiskFull: the file system has no space left.
        OSError: nothing can be written there.
    """
    if path.suffix != ".gif":
        raise ValueError(f"cannot write a film to {path}: its name must end in .gif")
    if not 0 < fps <= 50:
        raise ValueError(f"fps must be above 0 and at most 50, not {fps:g}")
    images = _indexed(frames)
    with replacing(path) as temporary:
        images[0].save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=round(100 / fps) * 10,  # milliseconds
            loop=0,  # for ever
            optimize=True,  # what stays is left out
        )


def _picture(scene: gymnasium.Env) -> U8:
    # some environments draw into the same array each time
    return np.array(scene.render(), dtype=np.uint8)


def _indexed(frames: Sequence[U8]) -> list[Image.Image]:
    """Return the frames with one exact palette, its colours in ascending order."""
    shapes = {frame.shape for frame in frames}
    if len(shapes) != 1 or any(frame.dtype != np.uint8 for frame in frames):
        raise ValueError(f"frames must be uint8 and of one size, not {sorted(shapes) or 'none'}")
    [shape] = shapes
    if len(shape) != 3 or shape[2] != 3:
        raise ValueError(f"frames must be RGB (height, width, 3), not {shape}")
    packed = [frame.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], "u4") for frame in frames]
    colours = np.unique(np.concatenate([np.unique(frame) for frame in packed]))
    if len(colours) > COLOURS:
        raise ValueError(f"frames have {len(colours)} colours, and a GIF holds {COLOURS}")
    palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    images = []
    for frame in packed:
        image = Image.fromarray(np.searchsorted(colours, frame).astype(np.uint8))
        image.putpalette(palette.astype(np.uint8).tobytes())
        images.append(image)
    return images
