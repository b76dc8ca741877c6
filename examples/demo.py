"""`make demo`: a video rendered in chunks, killed, resumed, merged, and compared with one rendered in one piece."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
from rich.console import Console

from renderjob.frames import FilePattern, FrameSet
from renderjob.manifest import load_file
from renderjob.media import contact_sheet, find_ffmpeg, frame_hashes
from renderjob.workload import expand, render_environment

HERE = Path(__file__).parent
MANIFEST = HERE / "julia" / "renderjob.yaml"
OUT = Path("out")
STORE = OUT / "store"
KILL_AT = 60
"""Frames after which the manager is killed."""

console = Console(highlight=False)


def say(text: str) -> None:
    console.print(f"\n[bold cyan]▌[/] {text}")


def renderjob(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "renderjob", *arguments]


def run_command() -> list[str]:
    return renderjob("run", str(MANIFEST), "--mount", f"/renders={OUT}", "--store", str(STORE))


def frames_there() -> int:
    return len(list((OUT / "julia").glob("????.png")))


def renderers() -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "julia" in line and "geq=lum" in line:
            found.append(process)
    return found


def render_until_killed() -> None:
    process = subprocess.Popen(run_command())
    while process.poll() is None and frames_there() < KILL_AT:
        time.sleep(0.1)
    if process.poll() is not None:
        raise SystemExit(f"the first run ended by itself with exit code {process.returncode}")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # What it left on the screen was a live view: begin a new line and show the cursor again.
    sys.stdout.write("\n\033[?25h" if sys.stdout.isatty() else "\n")
    sys.stdout.flush()


def wait_for_the_end_of_renderers() -> None:
    _, left = psutil.wait_procs(renderers(), timeout=20)
    if left:
        raise SystemExit(f"renderers outlived their manager: {[p.pid for p in left]}")


def render_in_one_piece(target: Path) -> None:
    """All frames by one ffmpeg, encoded by the same settings from one directory."""
    [job] = load_file(MANIFEST)
    whole = OUT / "one-piece"
    whole.mkdir(parents=True, exist_ok=True)
    frames = FrameSet.parse(job.spec.frames)
    told = render_environment(job, frames, chunk=0, chunks=1, attempt=1, output=str(whole))
    container = job.spec.template.container
    argv = [expand(word, told) for word in (*container.command, *container.args)]
    subprocess.run(
        [str(find_ffmpeg()), "-loglevel", "error", *argv[1:]], check=True, stdout=subprocess.DEVNULL
    )
    request = target.with_suffix(".json")
    request.write_text(
        json.dumps(
            {
                "directory": str(whole),
                "file": str(target.resolve()),
                "pattern": "####.png",
                "frames": str(frames),
                "failed": "",
                "parts": [],
                "fps": "24",
                "codec": "h264",
                "minBytes": 1,
                "args": [],
            }
        )
    )
    subprocess.run(renderjob("merge", str(request)), check=True, stdout=subprocess.DEVNULL)
    request.unlink()


def main() -> None:
    [job] = load_file(MANIFEST)
    OUT.mkdir(exist_ok=True)
    subprocess.run(
        renderjob("delete", "julia", "--yes", "--store", str(STORE)),
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for old in (OUT / "julia").glob("*"):
        old.unlink()
    say(f"[bold]renderjob run {MANIFEST}[/]: {job.spec.frames} in chunks of {job.spec.chunks.size}")
    render_until_killed()
    say(
        f"the manager was killed with [bold]kill -9[/] after {frames_there()} frames; its renderers end with it"
    )
    wait_for_the_end_of_renderers()
    say("the same command again: it goes on with only what is missing")
    subprocess.run(run_command(), check=True)
    say("all frames in one piece, without chunks, to compare")
    whole = OUT / "one-piece.mp4"
    render_in_one_piece(whole)
    chunked = OUT / "julia" / "julia.mp4"
    ours, theirs = frame_hashes(chunked), frame_hashes(whole)
    if ours != theirs or len(ours) != len(FrameSet.parse(job.spec.frames)):
        raise SystemExit("the video made of chunks differs from the one rendered in one piece")
    pattern = FilePattern("####.png")
    pictures = [OUT / "julia" / pattern.name(frame) for frame in FrameSet.parse(job.spec.frames)]
    sheet = contact_sheet(pictures, OUT / "contact-sheet.png")
    say(f"{len(ours)} decoded frames are the same, chunked and killed or in one piece")
    console.print(f"  video          [bold]{chunked}[/]", f"  contact sheet  [bold]{sheet}[/]", sep="\n")


if __name__ == "__main__":
    main()
