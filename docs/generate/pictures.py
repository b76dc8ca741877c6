"""`python docs/generate/pictures.py` renders the demo's film for real, and draws docs/pictures from that run.

The film is rendered four chunks at a time, its manager is killed with SIGKILL on the way, and the run that goes on
from there is the one that the pictures show.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from film import draw_film
from recording import Recording, recorded

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import contact_sheet, run_ffmpeg

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
MANIFEST = "examples/julia/renderjob.yaml"
KILL_AT, SHOW_AT = 70, 108
"""Frames after which the manager is killed, and after which the live view is drawn."""


def main() -> None:
    """Draw all of them."""
    os.chdir(ROOT)
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory)
        command = ["run", MANIFEST, "--mount", f"/renders={out}", "--parallelism", "4"]
        environment = {**os.environ, "RENDERJOB_STORE": str(out / "store")}
        os.environ.update(environment)
        killed(command, out / "julia")
        shown = ["renderjob", *command[:2], "--mount", "/renders=out", *command[4:]]
        recording = recorded(command, f"$ {shlex.join(shown)}", SHOW_AT)
        (PICTURES / "live.svg").write_text(recording.terminal, encoding="utf-8")
        frames = FrameSet.parse(str(recording.total))
        files = {number: out / "julia" / FilePattern("####.png").name(number) for number in frames}
        contact_sheet([*files.values()], PICTURES / "contact-sheet.jpg", numbers=[*frames])
        film(recording, files, out)
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KiB")


def killed(command: list[str], frames: Path) -> None:
    """Run it, and kill the manager on the way."""
    process = subprocess.Popen([sys.executable, "-m", "renderjob", *command])
    while process.poll() is None and _there(frames) < KILL_AT:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _there(directory: Path) -> int:
    """Frames that are there; those of chunks that still run lie below, in directories that come and go."""
    return sum(name.endswith(".png") for _, _, files in os.walk(directory) for name in files)


def film(recording: Recording, files: dict[int, Path], out: Path) -> None:
    """Every frame of the film in its chunk, and what became of it."""
    sheet = contact_sheet(
        [*files.values()], out / "all.jpg", thumbnails=len(files), columns=12, width=64, gap=4
    )
    still = contact_sheet([files[27]], out / "still.jpg", width=460, gap=0)
    small = out / "small.jpg"
    run_ffmpeg(["-i", str(sheet), "-q:v", "6", str(small)])
    text = draw_film(small.read_bytes(), still.read_bytes(), recording)
    (PICTURES / "film.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
