"""Small pictures and clips, made with the real ffmpeg."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import run_ffmpeg

SIZE = "32x24"


def moving(frames: int, start: int = 0, size: str = SIZE) -> list[str]:
    """A lavfi input in which every frame differs from every other."""
    drawing = f"nullsrc=s={size}:r=24,geq=lum='mod((N+{start})*37+X*3+Y,256)':cb='128+(N+{start})':cr=128"
    return ["-f", "lavfi", "-i", drawing, "-frames:v", str(frames)]


@pytest.fixture
def picture_files() -> Callable[..., None]:
    """Write the pictures of some frames of one moving picture."""

    def write(directory: Path, pattern: FilePattern, frames: Iterable[int], size: str = SIZE) -> None:
        numbers = list(frames)
        directory.mkdir(parents=True, exist_ok=True)
        suffix = Path(pattern.name(numbers[0])).suffix
        raw = directory / "raw"
        raw.mkdir()
        last = max(numbers)
        run_ffmpeg([*moving(last + 1, size=size), "-start_number", "0", f"raw/%05d{suffix}"], cwd=directory)
        for number in numbers:
            target = directory / pattern.name(number)
            target.parent.mkdir(parents=True, exist_ok=True)
            (raw / f"{number:05d}{suffix}").rename(target)
        for rest in raw.iterdir():
            rest.unlink()
        raw.rmdir()

    return write


@pytest.fixture
def clip() -> Callable[..., Path]:
    """Render frames start … start+count-1 of the moving picture into a video."""

    def render(path: Path, start: int, count: int, *options: str, size: str = SIZE) -> Path:
        chosen = options or ("-c:v", "ffv1", "-level", "3", "-slices", "4")
        run_ffmpeg([*moving(count, start, size), *chosen, str(path.absolute())])
        return path

    return render


@pytest.fixture
def frames() -> Callable[[str], FrameSet]:
    return FrameSet.parse
