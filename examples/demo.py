"""`make demo`: a video rendered in chunks, killed, resumed, merged, and compared with one rendered in one piece."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from renderjob.api import RenderJob
from renderjob.frames import FilePattern, FrameSet
from renderjob.manifest import load_file
from renderjob.media import MergeRequest, contact_sheet, find_ffmpeg, frame_hashes, merge
from renderjob.workload import expand, render_environment

OUT = Path("out")
STORE = OUT / "store"
PATTERN = FilePattern("####.png")

console = Console(highlight=False)


@dataclass(frozen=True)
class Film:
    """An example, and when to kill it."""

    name: str
    kill_at: int
    """Frames after which the manager is killed."""
    scenes: Path | None = None
    """What lies at /scenes."""

    @property
    def manifest(self) -> Path:
        return Path("examples", self.name, "renderjob.yaml")

    @property
    def run(self) -> list[str]:
        scenes = ["--mount", f"/scenes={self.scenes}"] if self.scenes else []
        return ["run", str(self.manifest), *scenes, "--mount", f"/renders={OUT}", "--store", str(STORE)]

    @property
    def frames(self) -> Path:
        return OUT / self.name

    @property
    def whole(self) -> Path:
        return OUT / f"{self.name}-in-one-piece"


FILMS = {
    film.name: film
    for film in (Film("julia", kill_at=60), Film("blender", kill_at=15, scenes=Path("examples/blender")))
}


def say(text: str) -> None:
    console.print(f"\n[bold cyan]▌[/] {text}")


def renderjob(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "renderjob", *arguments]


def pictures(directory: Path) -> int:
    """Frames that are there; those of chunks that still run lie below, in directories that come and go."""
    return sum(name.endswith(".png") for _, _, files in os.walk(directory) for name in files)


def clear_away(film: Film) -> None:
    """What an earlier demo left."""
    subprocess.run(
        renderjob("delete", film.name, "--yes", "--store", str(STORE)),
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for directory in (film.frames, film.whole):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)


def render_until_killed(film: Film) -> None:
    process = subprocess.Popen(renderjob(*film.run))
    while process.poll() is None and pictures(film.frames) < film.kill_at:
        time.sleep(0.1)
    if process.poll() is not None:
        raise SystemExit(f"the first run ended by itself with exit code {process.returncode}")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # What it left on the screen was a live view: begin a new line and show the cursor again.
    if sys.stdout.isatty():
        sys.stdout.write("\n\033[?25h")
        sys.stdout.flush()


def wait_for_the_end_of_renderers(film: Film) -> None:
    """They notice that their manager is gone, and end by themselves."""
    target = f"{film.frames.resolve()}/"
    ours = [p for p in psutil.process_iter(["cmdline"]) if target in " ".join(p.info["cmdline"] or [])]
    _, left = psutil.wait_procs(ours, timeout=20)
    if left:
        raise SystemExit(f"renderers outlived their manager: {[p.pid for p in left]}")


def render_in_one_piece(film: Film, job: RenderJob, target: Path) -> None:
    """All frames by one renderer, without RenderJob, and encoded with the same settings."""
    frames = FrameSet.parse(job.spec.frames)
    told = render_environment(job, frames, chunk=0, chunks=1, attempt=1, output=str(film.whole))
    container = job.spec.template.container
    program, *rest = [expand(word, told) for word in (*container.command, *container.args)]
    programs = {"ffmpeg": str(find_ffmpeg()), "python": sys.executable}
    arguments = [word.replace("/scenes/", f"{film.scenes}/") for word in rest]
    columns = (TextColumn("  one piece"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars,
        (OUT / f"{film.whole.name}.log").open("wb") as log,
        subprocess.Popen(
            [programs[program], *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ) as process,
    ):
        bar = bars.add_task("", total=len(frames))
        while process.poll() is None:
            bars.update(bar, completed=pictures(film.whole))
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"one renderer alone failed with exit code {process.returncode}; see {log.name}")
    video = job.spec.merge.ffmpeg
    merge(MergeRequest(film.whole, str(target.resolve()), PATTERN, frames, fps=video.fps, codec=video.codec))


def main(film: Film) -> None:
    [job] = load_file(film.manifest)
    frames = FrameSet.parse(job.spec.frames)
    clear_away(film)
    say(f"{len(frames)} frames in chunks of {job.spec.chunks.size}, {job.spec.parallelism} at a time:")
    verb, options = shlex.join(film.run[:2]), shlex.join(film.run[2:])
    console.print(f"  [bold]. .venv/bin/activate\n  renderjob {verb} \\\n      {options}[/]", soft_wrap=True)
    render_until_killed(film)
    say(f"killed with [bold]kill -9[/] after {pictures(film.frames)} frames; its renderers end with it")
    wait_for_the_end_of_renderers(film)
    say("the same command again: it renders only what is missing")
    subprocess.run(renderjob(*film.run), check=True)
    say("all frames once more in one piece, by one renderer alone, to compare")
    whole = film.whole.with_suffix(".mp4")
    render_in_one_piece(film, job, whole)
    video = film.frames / job.spec.merge.ffmpeg.file
    ours, theirs = frame_hashes(video), frame_hashes(whole)
    if ours != theirs or len(ours) != len(frames):
        raise SystemExit(f"{video}, made of chunks, differs from {whole}")
    say(f"compared: all {len(ours)} frames of the two videos are the same, pixel for pixel")
    sheet = OUT / f"{film.name}-contact-sheet.png"
    contact_sheet([film.frames / PATTERN.name(number) for number in frames], sheet, numbers=[*frames])
    console.print(f"  video          [bold]{video}[/]", f"  contact sheet  [bold]{sheet}[/]", sep="\n")


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])  # where `make` runs it, and where out/ is
    # As in a shell in which .venv is active: `python` is this one, with what is installed for it.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    )
    try:
        main(FILMS[sys.argv[1] if len(sys.argv) > 1 else "julia"])
    except KeyboardInterrupt:
        raise SystemExit(130) from None
