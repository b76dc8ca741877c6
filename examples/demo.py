"""`make demo`: a video rendered in chunks, killed, resumed, merged, and compared with one rendered in one piece."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from renderjob.api import RenderJob
from renderjob.frames import FilePattern, FrameSet
from renderjob.manifest import load_file
from renderjob.media import MergeRequest, contact_sheet, find_ffmpeg, frame_hashes, merge
from renderjob.workload import expand, render_environment

MANIFEST = Path("examples/julia/renderjob.yaml")
OUT = Path("out")
STORE = OUT / "store"
FRAMES = OUT / "julia"
VIDEO = FRAMES / "julia.mp4"
WHOLE = OUT / "one-piece"
PATTERN = FilePattern("####.png")
RUN = ("run", str(MANIFEST), "--mount", f"/renders={OUT}", "--store", str(STORE))
KILL_AT = 60
"""Frames after which the manager is killed."""

console = Console(highlight=False)


def say(text: str) -> None:
    console.print(f"\n[bold cyan]▌[/] {text}")


def renderjob(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "renderjob", *arguments]


def pictures(directory: Path) -> int:
    return len(list(directory.glob("????.png")))


def clear_away() -> None:
    """What an earlier demo left."""
    subprocess.run(
        renderjob("delete", "julia", "--yes", "--store", str(STORE)),
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for directory in (FRAMES, WHOLE):
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.glob("*"):
            old.unlink()


def render_until_killed() -> None:
    process = subprocess.Popen(renderjob(*RUN))
    while process.poll() is None and pictures(FRAMES) < KILL_AT:
        time.sleep(0.1)
    if process.poll() is not None:
        raise SystemExit(f"the first run ended by itself with exit code {process.returncode}")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # What it left on the screen was a live view: begin a new line and show the cursor again.
    if sys.stdout.isatty():
        sys.stdout.write("\n\033[?25h")
        sys.stdout.flush()


def wait_for_the_end_of_renderers() -> None:
    """They notice that their manager is gone, and end by themselves."""
    target = f"{FRAMES.resolve()}/"
    ours = [p for p in psutil.process_iter(["cmdline"]) if target in " ".join(p.info["cmdline"] or [])]
    _, left = psutil.wait_procs(ours, timeout=20)
    if left:
        raise SystemExit(f"renderers outlived their manager: {[p.pid for p in left]}")


def render_in_one_piece(job: RenderJob, target: Path) -> None:
    """All frames by one ffmpeg, encoded by the same settings from one directory."""
    frames = FrameSet.parse(job.spec.frames)
    told = render_environment(job, frames, chunk=0, chunks=1, attempt=1, output=str(WHOLE))
    container = job.spec.template.container
    argv = [expand(word, told) for word in (*container.command, *container.args)]
    columns = (TextColumn("  one piece"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars,
        subprocess.Popen(
            [str(find_ffmpeg()), "-loglevel", "error", *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        ) as process,
    ):
        bar = bars.add_task("", total=len(frames))
        while process.poll() is None:
            bars.update(bar, completed=pictures(WHOLE))
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"ffmpeg could not render it in one piece: exit code {process.returncode}")
    video = job.spec.merge.ffmpeg
    merge(MergeRequest(WHOLE, str(target.resolve()), PATTERN, frames, fps=video.fps, codec=video.codec))


def main() -> None:
    [job] = load_file(MANIFEST)
    frames = FrameSet.parse(job.spec.frames)
    clear_away()
    say(f"{len(frames)} frames in chunks of {job.spec.chunks.size}, {job.spec.parallelism} at a time:")
    console.print(f"  [bold]{shlex.join(['renderjob', *RUN])}[/]", soft_wrap=True)
    render_until_killed()
    say(f"killed with [bold]kill -9[/] after {pictures(FRAMES)} frames; its renderers end with it")
    wait_for_the_end_of_renderers()
    say("the same command again: it renders only what is missing")
    subprocess.run(renderjob(*RUN), check=True)
    say("all frames once more in one piece, without chunks, to compare")
    whole = OUT / "one-piece.mp4"
    render_in_one_piece(job, whole)
    ours, theirs = frame_hashes(VIDEO), frame_hashes(whole)
    if ours != theirs or len(ours) != len(frames):
        raise SystemExit("the video made of chunks differs from the one rendered in one piece")
    say(f"compared: all {len(ours)} frames of the two videos are the same, pixel for pixel")
    sheet = contact_sheet(
        [FRAMES / PATTERN.name(n) for n in frames], OUT / "contact-sheet.png", numbers=[*frames]
    )
    console.print(f"  video          [bold]{VIDEO}[/]", f"  contact sheet  [bold]{sheet}[/]", sep="\n")


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])  # where `make` runs it, and where out/ is
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
