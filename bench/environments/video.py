"""Record an episode as images, and write the images as an animated GIF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.core.files import replacing
from bench.environments.vector import make

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

COLOURS = 255  # a GIF has 256 colours; one of them means "as in the previous frame"


class Acting(Protocol):
    """The part of a policy (`bench.methods.contract.Policy`) that `episode` needs."""

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start an episode."""

    def act(self, observations: F32 | U8, rewards: F32) -> F32 | I64:
        """Return an action for the current observation, (1, ...)."""


class Script:
    """A policy that takes a fixed sequence of actions and ignores observations."""

    def __init__(self, actions: Sequence[int] | I64) -> None:
        """Make the policy of these actions, (T,). An episode may be shorter, but not longer."""
        self._actions = np.asarray(actions, dtype=np.int64)
        self._step = 0

    def reset(self, seeds: I64, targets: F32) -> None:
        """Go back to the first action."""
        self._step = 0

    def act(self, observations: F32 | U8, rewards: F32) -> I64:
        """Return the next action for each env, (L,).

        Raises:
            ValueError: the episode is longer than the sequence.
        """
        if self._step == len(self._actions):
            raise ValueError(
                f"the script ends after {self._step} actions, but the episode does not"
            )
        self._step += 1
        return np.full(len(observations), self._actions[self._step - 1])


def episode(
    policy: Acting,
    environment: str,
    seed: int,
    target: float,
    noise: int | None = None,
    most: int | None = None,
    *,
    every: int = 1,
    height: int | None = None,
    rewards: list[float] | None = None,
) -> list[U8]:
    """Play one episode and return its images.

    Args:
        policy: the policy that acts, such as a trained one.
        environment: a Gymnasium id; it must have the render mode rgb_array.
        seed: the seed of the environment.
        target: the target return.
        noise: the seed of the policy; None takes `seed`.
        most: stop after this number of steps; None plays to the end.
        every: keep the image after each `every`-th step, and after the last one.
        height: of the images; larger ones are made smaller. None keeps their size.
        rewards: gets the reward of each step.

    Returns:
        The image at the start and the image after each step, RGB (height, width, 3).

    Raises:
        UnknownEnvironment: there is no such environment.
        ValueError: the environment cannot be drawn on this machine.
    """
    scene = make(environment, render_mode="rgb_array")
    try:
        seen, _ = scene.reset(seed=seed)
        own = seed if noise is None else noise
        policy.reset(np.array([own], dtype=np.int64), np.array([target], dtype=np.float32))
        frames, reward, over = [fitted(_first_picture(scene, environment), height)], 0.0, False
        step = 0
        while not over and (most is None or step < most):
            shown = np.asarray(seen)[None]
            if shown.dtype != np.uint8:
                shown = shown.astype(np.float32)
            [action] = policy.act(shown, np.array([reward], dtype=np.float32))
            seen, reward, terminal, timeout, _ = scene.step(action)
            step, over = step + 1, terminal or timeout
            if rewards is not None:
                rewards.append(float(reward))
            if step % every == 0 or over or step == most:
                frames.append(fitted(_picture(scene), height))
        return frames
    finally:
        scene.close()


def fitted(picture: U8, height: int | None) -> U8:
    """Return a picture that is not higher than `height`, with its proportions."""
    if height is None or len(picture) <= height:
        return picture
    width = round(picture.shape[1] * height / len(picture))
    small = Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.uint8)


def check_gif(path: Path, fps: float) -> None:
    """Refuse a path or a frame rate that `write_gif` cannot write.

    Raises:
        ValueError: the path does not end in .gif, or the rate is not above 0 and at most 50.
    """
    if path.suffix != ".gif":
        raise ValueError(f"cannot write a video to {path}: its name must end in .gif")
    if not 0 < fps <= 50:
        raise ValueError(f"fps must be above 0 and at most 50, not {fps:g}")


def write_gif(frames: Sequence[U8], path: Path, fps: float = 8.0) -> None:
    """Write frames as an animated GIF that repeats for ever, atomically. Its bytes depend only on the frames and
    the frame rate.

    Equal consecutive frames become one frame with a longer duration.

    Args:
        frames: RGB uint8 (height, width, 3), all of one size, with at most 255 colours in all frames together.
        path: a path that ends in .gif.
        fps: frames per second, above 0 and at most 50. Durations in a GIF are in hundredths of a second.

    Raises:
        ValueError: the frames, the path or the frame rate are not as above.
        DiskFull: the file system has no space left.
        OSError: the path is not writable.
    """
    check_gif(path, fps)
    images = _indexed(frames)
    with replacing(path) as temporary:
        images[0].save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=round(100 / fps) * 10,  # milliseconds
            loop=0,  # for ever
            optimize=True,  # store only the changed part of each frame
        )


def _first_picture(scene: gymnasium.Env, environment: str) -> U8:
    try:
        return _picture(scene)
    except (
        Exception
    ) as error:  # each simulator has its own errors: MuJoCo without a display, for example
        raise ValueError(f"cannot draw {environment} on this machine: {error}") from error


def _picture(scene: gymnasium.Env) -> U8:
    # some environments reuse the array, so copy it
    return np.array(scene.render(), dtype=np.uint8)


def _indexed(frames: Sequence[U8]) -> list[Image.Image]:
    """Return the frames with one common palette without loss. Its colours are in ascending order."""
    shapes = {frame.shape for frame in frames}
    if len(shapes) != 1 or any(frame.dtype != np.uint8 for frame in frames):
        raise ValueError(f"frames must be uint8 and of one size, not {sorted(shapes) or 'none'}")
    [shape] = shapes
    if len(shape) != 3 or shape[2] != 3:
        raise ValueError(f"frames must be RGB (height, width, 3), not {shape}")
    packed = [frame.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], "u4") for frame in frames]
    colours = np.unique(np.concatenate([np.unique(frame) for frame in packed]))
    if len(colours) > COLOURS:
        raise ValueError(f"frames have {len(colours)} colours, but a GIF holds at most {COLOURS}")
    palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    images = []
    for frame in packed:
        image = Image.fromarray(np.searchsorted(colours, frame).astype(np.uint8))
        image.putpalette(palette.astype(np.uint8).tobytes())
        images.append(image)
    return images
