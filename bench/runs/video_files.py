"""Write frames as a video: GIF, WebM or MP4."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from bench.core.files import replacing, temporary_folder
from bench.environments.video import COLOURS, U8, check_gif, write_gif

CODECS = {".webm": "VP90", ".mp4": "mp4v"}  # what OpenCV's own wheel can write
FASTEST = 120.0  # frames a second
SAMPLE = 64  # frames that the common palette of a GIF is made from


def check_video(path: Path, fps: float) -> None:
    """Refuse a path or a frame rate that `write_video` cannot write.

    Raises:
        ValueError: the path does not end in .gif, .webm or .mp4, or the rate is not in its range.
    """
    if path.suffix == ".gif":
        check_gif(path, fps)
    elif path.suffix not in CODECS:
        raise ValueError(
            f"cannot write a video to {path}: its name must end in .gif, .webm or .mp4"
        )
    elif not 0 < fps <= FASTEST:
        raise ValueError(f"fps must be above 0 and at most {FASTEST:g}, not {fps:g}")


def write_video(frames: Sequence[U8], path: Path, fps: float = 8.0) -> None:
    """Write frames as a video, atomically.

    - `.gif` repeats for ever. With at most 255 colours it is exact (`write_gif`); otherwise all frames share a palette
      of 255 colours.
    - `.webm` is VP9, which browsers play. `.mp4` is MPEG-4 Part 2, which VLC and mpv play and browsers do not: the
      encoder of H.264 is not part of OpenCV. Both lose a little; a frame of odd size gets one more row or column.

    Args:
        frames: RGB uint8 (height, width, 3), at least one, all of one size.
        path: a path that ends in one of these.
        fps: frames per second, above 0; at most 50 in a GIF, else 120.

    Raises:
        ValueError: the frames, the path or the frame rate are not as above, or OpenCV here has no such encoder.
        DiskFull: the file system has no space left.
        OSError: the path is not writable.
    """
    check_video(path, fps)
    _check_frames(frames)
    if path.suffix != ".gif":
        _encode(frames, path, fps)
    elif _few_colours(frames):
        write_gif(frames, path, fps)
    else:
        _quantised_gif(frames, path, fps)


def _check_frames(frames: Sequence[U8]) -> None:
    shapes = {frame.shape for frame in frames}
    if len(shapes) != 1 or any(frame.dtype != np.uint8 for frame in frames):
        raise ValueError(f"frames must be uint8 and of one size, not {sorted(shapes) or 'none'}")
    [shape] = shapes
    if len(shape) != 3 or shape[2] != 3:
        raise ValueError(f"frames must be RGB (height, width, 3), not {shape}")


def _few_colours(frames: Sequence[U8]) -> bool:
    """Return whether all frames together have colours enough for a GIF."""
    known: set[int] = set()
    for frame in frames:
        known |= set(np.unique(frame.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], "u4")))
        if len(known) > COLOURS:
            return False
    return True


def _quantised_gif(frames: Sequence[U8], path: Path, fps: float) -> None:
    """Write a GIF whose frames share one palette, made from frames at even distances.

    Frames are not dithered: dots that move are worse than plain areas, and take ten times the space.
    """
    chosen = np.linspace(0, len(frames) - 1, min(len(frames), SAMPLE)).round().astype(int)
    sample = np.concatenate([frames[index][::2, ::2] for index in np.unique(chosen)])
    palette = Image.fromarray(sample).quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    with replacing(path) as temporary:
        images[0].save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=round(100 / fps) * 10,  # milliseconds
            loop=0,  # for ever
            optimize=False,
        )


def _encode(frames: Sequence[U8], path: Path, fps: float) -> None:
    """Write WebM or MP4 with OpenCV, which chooses the container by the ending of the name."""
    import cv2

    height, width, _ = frames[0].shape
    size = (width + width % 2, height + height % 2)  # encoders halve both sides for colours
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(path.parent, f".{path.stem}-") as folder:
        made = folder / f"video{path.suffix}"
        with _silent():  # OpenCV warns of a tag that these containers do not have
            code = cv2.VideoWriter.fourcc(*CODECS[path.suffix])
            writer = cv2.VideoWriter(str(made), cv2.CAP_FFMPEG, code, fps, size)
        if not writer.isOpened():
            raise ValueError(
                f"cannot write {path}: OpenCV here has no encoder for {CODECS[path.suffix]}; write a .gif, or install "
                "opencv-python-headless of requirements.lock"
            )
        for frame in frames:
            even = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
            writer.write(np.ascontiguousarray(even[:, :, ::-1]))  # OpenCV's order is BGR
        writer.release()
        with replacing(path) as temporary:
            made.replace(temporary)


@contextmanager
def _silent() -> Iterator[None]:
    """Discard what native code writes to standard error."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
