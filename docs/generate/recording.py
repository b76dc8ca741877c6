"""A real run in this process, with the live view's own drawing kept as a picture of a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from renderjob.api import FailureClass, RenderJob, frames_of
from renderjob.cli.live.events import JobEvent
from renderjob.cli.live.snapshot import Snapshot
from renderjob.cli.live.summary import Summary
from renderjob.cli.live.terminal import TerminalReporter, picture
from renderjob.cli.main import app
from renderjob.cli.run import job as run_job
from renderjob.frames import EMPTY, FrameSet

WIDTH, HEIGHT = 92, 24

_THEME = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [
        *((72, 79, 88), (248, 81, 73), (63, 185, 80), (210, 153, 34)),
        *((88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)),
    ],
)

_LEFT, _TOP = -12, 18
"""Where the picture begins: Rich leaves no room at the sides, and above room for a title bar."""
_CHARACTER = 20 * 0.602
"""A character's width."""
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", \
monospace; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
<rect x="-12" y="18" width="100%" height="100%" rx="10" fill="#161b22"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


@dataclass(frozen=True)
class Recording:
    """What a run showed."""

    terminal: str
    """The terminal on the way, as SVG."""
    total: FrameSet
    kept: FrameSet
    """Frames that were there when it began."""
    interrupted: FrameSet
    """Frames whose attempts had been killed, and that were rendered again."""


class _Recorder(TerminalReporter):
    """The live view, drawn once instead of again and again."""

    def __init__(self, first: str, show_at: int) -> None:
        self._screen = Console(
            width=WIDTH,
            height=HEIGHT,
            record=True,
            force_terminal=True,
            color_system="truecolor",
            file=io.StringIO(),
        )
        super().__init__(self._screen)
        self._show_at = show_at
        self._screen.print(Text(first, style="bold"))
        self.terminal, self.total, self.kept, self.interrupted = "", EMPTY, EMPTY, EMPTY

    def begin(self, job: RenderJob, notes: Sequence[str]) -> None:
        self.total = frames_of(job.spec.frames)
        for note in notes:
            self._screen.print(Text(f"note: {note}", style="dim"))

    def event(self, event: JobEvent) -> None:
        if event.failure is not None and event.failure.failure_class is FailureClass.DISRUPTED:
            self.interrupted |= FrameSet.parse(event.failure.frames)
        if not self.terminal:
            super().event(event)

    def refresh(self, snapshot: Snapshot) -> None:
        if not self.kept:
            self.kept = FrameSet.parse(snapshot.job.status.frames.completed)
        busy = all(chunk.current_frame is not None for chunk in snapshot.chunks)
        if not self.terminal and snapshot.frames_done >= self._show_at and busy:
            self._screen.print(picture(snapshot, WIDTH, HEIGHT))
            self.terminal = svg(self._screen)

    def end(self, summary: Summary) -> None:
        if summary.exit_code:
            raise SystemExit(f"the run ended with {summary.exit_code!r}: {summary.job.status.error}")


def recorded(command: Sequence[str], first: str, show_at: int) -> Recording:
    """Run a command of `renderjob`, and keep the terminal as it is after so many frames below its first line."""
    recorder = _Recorder(first, show_at)
    run_job.reporter_for = lambda **_: recorder
    app(list(command), standalone_mode=False)
    return Recording(recorder.terminal, recorder.total, recorder.kept, recorder.interrupted)


def svg(console: Console) -> str:
    """What was printed, without a window around it."""
    text = console.export_svg(
        title="", theme=_THEME, code_format=_FORMAT, unique_id="live", font_aspect_ratio=0.602
    )
    text = re.sub(
        r'viewBox="0 0 (\S+) (\S+)"',
        lambda box: f'viewBox="{_LEFT} {_TOP} {float(box[1]) - 2 * _LEFT:g} {float(box[2]) - _TOP + 8:g}"',
        text,
        count=1,
    )
    return re.sub(r'x="(\S+)"( y="\S+") textLength="(\S+)"( [^>]*>)((?:&#160;)+)', _moved, text)


def _moved(found: re.Match[str]) -> str:
    """A text that begins with spaces, which not every program draws, begins after them instead."""
    x, y, length, rest, spaces = found.groups()
    width = spaces.count(";") * _CHARACTER
    return f'x="{float(x) + width:g}"{y} textLength="{float(length) - width:g}"{rest}'
