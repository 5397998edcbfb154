"""Videos on disk: what is read back is what was written, exactly or nearly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from bench.environments.video import U8, write_gif
from bench.runs.video_files import _quantised_gif, write_video

FEW = [np.full((40, 60, 3), (number, 0, 255 - number), dtype=np.uint8) for number in (0, 100, 200)]


def smooth(count: int = 6, height: int = 64, width: int = 96) -> list[U8]:
    """Return pictures with thousands of colours, as MuJoCo draws: a bright disc moves over a gradient."""
    y, x = np.mgrid[:height, :width]
    frames = []
    for number in range(count):
        near = (x - 10 - 12 * number) ** 2 + (y - height // 2) ** 2 < 100
        frame = np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], axis=2)
        frame[near] = (250, 250, 30)
        frames.append(frame.astype(np.uint8))
    return frames


def read(path: Path) -> tuple[list[U8], float]:
    """Return the frames, RGB, and the frames per second, as OpenCV or Pillow decodes them."""
    if path.suffix == ".gif":
        with Image.open(path) as image:
            frames = []
            for index in range(image.n_frames):
                image.seek(index)
                frames.append(np.asarray(image.convert("RGB")))
            return frames, 1000 / image.info["duration"]
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (step := capture.read())[0]:
        frames.append(step[1][:, :, ::-1])
    return frames, capture.get(cv2.CAP_PROP_FPS)


@pytest.mark.parametrize("ending", [".gif", ".webm", ".mp4"])
def test_frames_come_back(ending: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    frames = smooth()
    write_video(frames, tmp_path / f"a{ending}", fps=20)
    found, rate = read(tmp_path / f"a{ending}")
    assert rate == pytest.approx(20)
    assert len(found) == len(frames)
    for before, after in zip(frames, found, strict=True):
        assert after.shape == before.shape
        assert np.abs(after.astype(int) - before).mean() < 10
    for number, after in enumerate(found):  # the disc is where it was, in its colour
        assert np.abs(after[32, 10 + 12 * number].astype(int) - (250, 250, 30)).max() < 60
    assert [path.name for path in tmp_path.iterdir()] == [f"a{ending}"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("ending", [".webm", ".mp4"])
def test_odd_sizes_get_a_row_and_a_column(ending: str, tmp_path: Path) -> None:
    write_video(smooth(height=63, width=95), tmp_path / f"a{ending}")
    found, _ = read(tmp_path / f"a{ending}")
    assert {frame.shape for frame in found} == {(64, 96, 3)}


def test_a_gif_of_few_colours_is_exact_and_that_of_write_gif(tmp_path: Path) -> None:
    write_video(FEW, tmp_path / "a.gif")
    write_gif(FEW, tmp_path / "b.gif")
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    np.testing.assert_array_equal(read(tmp_path / "a.gif")[0], FEW)


def test_a_gif_of_many_colours_has_one_palette_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    """findings: "frames have 6622 colours, and a GIF holds 255", after the whole episode."""
    for name in ("a.gif", "b.gif"):
        write_video(smooth(), tmp_path / name)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    found, _ = read(tmp_path / "a.gif")
    colours = {tuple(colour) for frame in found for colour in frame.reshape(-1, 3).tolist()}
    assert 100 < len(colours) <= 256


def test_a_colour_that_comes_late_is_in_the_palette(tmp_path: Path) -> None:
    late = [*smooth(8), np.full((64, 96, 3), (0, 255, 0), dtype=np.uint8)]
    _quantised_gif(late, tmp_path / "a.gif", 10)
    assert np.abs(read(tmp_path / "a.gif")[0][-1].astype(int) - (0, 255, 0)).max() < 10


@pytest.mark.parametrize(
    ("frames", "name", "fps", "message"),
    [
        ([], "a.webm", 8, "not none"),
        ([FEW[0], FEW[0][:2]], "a.mp4", 8, "of one size"),
        ([FEW[0] / 255], "a.webm", 8, "must be uint8"),
        ([FEW[0][:, :, 0]], "a.webm", 8, "must be RGB"),
        (FEW, "a.avi", 8, r"must end in \.gif, \.webm or \.mp4"),
        (FEW, "a.webm", 0, "fps must be above 0 and at most 120, not 0"),
        (FEW, "a.mp4", float("nan"), "not nan"),
        (FEW, "a.gif", 60, "at most 50, not 60"),
    ],
)
def test_other_videos_are_refused(
    frames: list[Any], name: str, fps: float, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        write_video(frames, tmp_path / name, fps)
    assert not any(tmp_path.iterdir())


def test_an_opencv_without_the_encoder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2.VideoWriter, "isOpened", lambda writer: False)
    with pytest.raises(ValueError, match=r"OpenCV here has no encoder for VP90; write a \.gif"):
        write_video(FEW, tmp_path / "a.webm")
    assert not any(tmp_path.iterdir())
