"""Blender's lines, as 2.8 to 4.x print them and as 5.x does, behind a time and a category.

    Fra:12 Mem:18.1M (Peak 19.2M) | Time:00:00.09 | Remaining:00:01.20 | Scene, ViewLayer | Sample 3/64
    00:04.230  render           | Fra: 12 | Remaining: 01:43.73 | Mem: 1699M | Sample 3/64
    Saved: '/renders/0012.png'
    Append frame 12
    00:02.951  render           | Video append frame 12
    Error: Render error (No space left on device) cannot save: '/renders/0012.png'

A frame may have several files: of views, of File Output nodes, of cameras that a script goes through. Where it is
known which file is the frame's, the frame is finished when Blender says that it saved this one. Otherwise it is
finished when Blender has gone on to another, or prints the time that all its files took, or when it has as
many files as the frame before; and not if one of them could not be saved, which Blender prints last.
"""

import re

from renderjob.progress.parser import ChunkContext, Update

_FRAME = re.compile(r"\bFra: ?(-?\d{1,9})")
_TILES = re.compile(r"(Rendered|Path Tracing Tile|Part) (\d{1,9})[/-](\d{1,9})")
_SAMPLES = re.compile(r"Sample (\d{1,9})/(\d{1,9})|Rendering (\d{1,9}) / (\d{1,9}) samples")
_SAVED = re.compile(
    r"Saved: (?:'(.*)'|((?:/|[A-Za-z]:[\\/]).*\S))"
)  # File Output nodes have no quotes before 4.0
_NUMBER = re.compile(r"(?:(?<![^\W_])-)?\d{1,9}")
_APPENDED = re.compile(r"\b[Aa]ppend(?:ed)? frame:? (-?\d{1,9})")
_UNSAVED = re.compile(r"Render error \(.*\) cannot save: '(.*)'")
_UNWRITTEN = re.compile(r"(?:Failed to write .*? to image file|Could not open file) \"(.*?)\".*")
_SKIPPED = re.compile(r"[Ss]kipping existing frame [\"'](.*?)[\"']")
_RENDERED = 0.99  # of a frame whose last sample is rendered: it is to be denoised and saved yet
_NONE = "\n"  # no line begins so
_SETTING = re.compile("[:,]")
_FACTS = ("Fra:", "Mem:", "Time:", "Remaining:")


class BlenderParser:
    """Reads one Blender; the frames come in any order."""

    def __init__(self, context: ChunkContext) -> None:
        self._context = context
        self._current: int | None = None
        self._same = _NONE  # how a line about the current frame begins, before 5.0
        self._behind: set[int] = set()  # frames of the chunk that are not rendered any more
        self._open: int | None = None  # a frame of which files are saved, and perhaps not all
        self._files = 0  # of that frame so far
        self._usual: int | None = None  # files of the frame before

    def feed(self, line: str) -> Update | None:
        """Return what a line of Blender says."""
        if "Fra:" in line:
            return self._rendering(line)
        if "Saved: " in line:
            return self._saved(line)
        if "(Saving:" in line:
            return self._whole(self._open)
        if "cannot save: '" in line or "ERROR" in line:
            return self._unsaved(line)
        if " frame" in line:
            return self._written(line)
        return None

    def _rendering(self, line: str) -> Update | None:
        # Most lines of a log are about the frame of the line before.
        if not line.startswith(self._same):
            match = _FRAME.search(line)
            if match is None:
                return None
            frame = int(match[1])
            done = self._passed(frame)
            if frame not in self._context:
                return Update(frames_done=done, status=_words(line))
            if frame != self._current:
                self._leave()
                self._current = frame
                self._same = f"Fra:{frame} "
            return Update(self._fraction(_within(line)), done, self._current, _words(line))
        return Update(self._fraction(_within(line)), (), self._current, _words(line))

    def _passed(self, frame: int | None) -> tuple[int, ...]:
        """The frame that is finished since Blender is at another one."""
        finished = self._open
        if finished is None or finished == frame:
            return ()
        self._open, self._usual = None, self._files
        return (finished,)

    def _whole(self, frame: int | None) -> Update | None:
        """All its files are there."""
        return None if frame is None else Update(self._fraction(), (frame,))

    def _leave(self) -> None:
        if self._current is not None:
            self._behind.add(self._current)

    def _fraction(self, within: float = 0.0) -> float:
        behind = len(self._behind)
        if self._current in self._behind:
            within = 0.0  # its part is counted already
        return min(1.0, (behind + min(within, _RENDERED)) / self._context.count)

    def _saved(self, line: str) -> Update | None:
        match = _SAVED.search(line)
        path = (match[1] or match[2]) if match is not None else ""
        if not path or not self._context.holds(path):
            return None
        known = self._context.frame_of(path) if self._context.frame_of else None
        if known is not None:
            return self._done(known) if known in self._context else None
        frame = self._frame_of(path)
        if frame is None:
            return None
        if self._context.frame_of is not None:
            # Another of its files: that is progress, and no more.
            self._behind.add(frame)
            return Update(self._fraction())
        done = self._passed(frame)
        self._files = self._files + 1 if frame == self._open else 1
        self._open = frame
        self._behind.add(frame)
        if self._usual is not None and self._files >= self._usual:
            done = (*done, frame)
        if "(Saving:" in line:  # on the same line
            done = (*done, frame)
        return Update(self._fraction(), done)

    def _unsaved(self, line: str) -> Update | None:
        """A file that could not be written. Blender may say that it saved it, and exit with 0, all the same."""
        match = _UNSAVED.search(line) or _UNWRITTEN.search(line)
        if match is None or not self._context.holds(match[1]):
            return None
        known = self._context.frame_of(match[1]) if self._context.frame_of else None
        frame = known if known is not None else self._frame_of(match[1])
        undone = () if frame is None else (frame,)
        return Update(frames_done=self._passed(frame), frames_undone=undone, unsaved=match[0])

    def _frame_of(self, path: str) -> int | None:
        """Which frame a saved file is: by its name if that can be, else the one being rendered."""
        stem, dot, ending = re.split(r"[/\\]", path)[-1].rpartition(".")
        numbers = [int(number) for number in _NUMBER.findall(stem if dot else ending)]
        if not numbers:
            alone = self._context.start if self._context.count == 1 else None
            return alone if self._current is None else self._current
        # 0003_v2.png while frame 3 is rendered is frame 3, also when the chunk has a frame 2.
        if self._current in numbers:
            return self._current
        for frame in (numbers[-1], -numbers[-1]):
            if frame in self._context:
                return frame
        return self._current

    def _written(self, line: str) -> Update | None:
        appended = _APPENDED.search(line)
        if appended is not None:
            frame = int(appended[1])
            return self._done(frame, movie=True) if frame in self._context else None
        skipped = _SKIPPED.search(line)
        if skipped is not None:
            # Behind us, but not finished: a placeholder of another Blender has the same form.
            self._leave()
            self._current, self._same = None, _NONE
            frame_skipped = self._frame_of(skipped[1])
            if frame_skipped is not None:
                self._behind.add(frame_skipped)
            return Update(self._fraction(), self._passed(frame_skipped))
        return None

    def _done(self, frame: int, *, movie: bool = False) -> Update:
        self._behind.add(frame)
        return Update(self._fraction(), (frame,), movie=movie)


def _within(line: str) -> float:
    """Return how much of the frame is rendered, 0 to 1, by the line's samples and tiles."""
    part = 0.0
    samples = _SAMPLES.search(line) if "ample" in line else None
    if samples is not None:
        done, of = int(samples[1] or samples[3]), int(samples[2] or samples[4])
        part = min(1.0, done / of) if of else 0.0
    tiles = _TILES.search(line) if "Tile" in line or "Part " in line else None
    if tiles is not None:
        done, of = int(tiles[2]), int(tiles[3])
        if tiles[1] != "Rendered" and done:
            done -= 1  # these name the tile in work
        # All samples beside a tile count is the tile before this one: it is in the count already.
        part = min(1.0, (done + (part if part < 1 else 0.0)) / of) if of else 0.0
    return part


def _words(line: str) -> str | None:
    """Return the line's words for a person: its last field, and the one before if that says of what."""
    last = line.rfind(" | ")
    if last < 0 or line.startswith(_FACTS, last + 3):
        return None
    before = line.rfind(" | ", 0, last)
    # "Scene, ViewLayer" and "Mem:7.12M" say nothing; "Updating Scene BVH" does.
    words = before + 3 if before >= 0 and not _SETTING.search(line, before, last) else last + 3
    return line[words:]
