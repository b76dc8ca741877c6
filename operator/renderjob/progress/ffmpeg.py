"""ffmpeg's status lines (``frame=  123 fps= 25 …``) and its ``-progress`` blocks (``frame=123`` and on).

Something may stand before each: the level (``-loglevel level``), or a time and a name that whoever passed the log
on has put there.

ffmpeg counts the frames it put out, from 0, whatever the frames are called. They are finished frames only
when it writes an image sequence; a movie file that it did not close cannot be used, so it finishes none.
"""

import re

from renderjob.progress.parser import ChunkContext, Update

_BEGINS = r"(?<![^\s\]>|:])"  # at the beginning, or behind what was put before it
_STATUS = re.compile(_BEGINS + r"frame= *(\d{1,12}) fps= *([\d.]*)")
_BLOCK = re.compile(_BEGINS + r"frame=(\d{1,12})$")
_RATE = re.compile(_BEGINS + r"fps= *([\d.]+)$")
_CLOSED = re.compile(_BEGINS + r"progress=(continue|end)$")
_UNSAVED = re.compile(
    r"Could not open file *: .*|av_interleaved_write_frame\(\): .*|Error submitting a packet to the muxer: .*"
    r"|Error (?:writing trailer|closing file)\b.*"
)
_OUTPUT = re.compile(_BEGINS + r"Output #0, ([^ ]+), to '(.*)'")


class FFmpegParser:
    """Reads one ffmpeg; of several outputs the first is the chunk's."""

    def __init__(self, context: ChunkContext) -> None:
        self._context = context
        self._sequence = False  # the output is one file a frame
        self._broken = False  # a file could not be written
        self._frames = 0  # frames put out so far
        self._finished = 0  # of these, how many have been reported as finished
        self._block: int | None = None  # the count of a -progress block that is not closed yet
        self._rate = ""  # frames a second, as ffmpeg says it

    def feed(self, line: str) -> Update | None:
        """Return what a line of ffmpeg says."""
        if "frame=" in line:
            return self._frame(line)
        if self._block is not None and (update := self._in_block(line)) is not None:
            return update
        if "Output #0, " in line:
            self._output(line)
            return None
        # The summary at the end: before ffmpeg 6 after the last status line, since then before it.
        if "muxing overhead" in line and "video:" in line and self._frames:
            return self._update(self._frames, closed=True)
        if any(word in line for word in ("Could not open", "mux", "av_interleaved", "Error ")):
            return self._unsaved(line)
        return None

    def _unsaved(self, line: str) -> Update | None:
        """It ends here, with a count that takes in frames that it could not write."""
        unsaved = _UNSAVED.search(line)
        if unsaved is None:
            return None
        self._broken = True
        return Update(unsaved=unsaved[0])

    def _frame(self, line: str) -> Update | None:
        status = _STATUS.search(line)
        if status is None:
            # A line "frame=12" alone may be anybody's: it counts when "progress=" closes the block.
            block = _BLOCK.search(line)
            if block is not None:
                self._block = int(block[1])
            return None
        self._rate = status[2]
        return self._update(int(status[1]), closed="Lsize=" in line)

    def _in_block(self, line: str) -> Update | None:
        closed = _CLOSED.search(line)
        if closed is not None and self._block is not None:
            frames, self._block = self._block, None
            return self._update(frames, closed=closed[1] == "end")
        rate = _RATE.search(line)
        if rate is not None:
            self._rate = rate[1]
        return None

    def _output(self, line: str) -> None:
        output = _OUTPUT.search(line)
        if output is None:
            return
        kind, path = output[1], output[2]
        self._frames = self._finished = 0
        # Without a % in its name, image2 writes one picture over and over.
        one_file_a_frame = kind == "image2" and ("%" in path or self._context.count == 1)
        self._sequence = one_file_a_frame and self._context.holds(path)

    def _update(self, frames: int, *, closed: bool) -> Update:
        self._frames = frames
        done: tuple[int, ...] = ()
        if self._sequence:
            # The last one may still be in a buffer until ffmpeg has closed its output.
            finished = frames if closed else frames - 1
            if not self._broken and finished > self._finished:
                done = self._context.frames(self._finished, finished)
                self._finished = finished
        count = self._context.count
        status = f"{frames} of {count} frames"
        if self._rate.strip("0."):  # it says 0.0 until it knows
            status += f", {self._rate} fps"
        return Update(min(1.0, frames / count), done, self._context.at(frames), status)
