"""One attempt that has ended, as whoever started it looks at it: which of its frames count, and moving them up.

The renderer wrote to the attempt's own directory or, by a name of its own, to where frames lie. What is looked for
first is the first file of each frame, or the one of them all; then what does not hold is taken from that: frames of
which another file is missing, and pictures that are damaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from renderjob.frames import EMPTY, FilePattern, FrameSet

from .damage import Check
from .disk import why_not_writable
from .handles import Held
from .lacking import Wanted, size_of, what_is_missing
from .look import newest
from .own import look_into
from .publish import Ranking, publish
from .survey import Survey, survey

_MOST_FILES = 1000
"""Files whose size is asked for, to tell how much room a frame takes."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that has ended, and what it was to write."""

    frames: FrameSet
    since: float
    """Seconds since the epoch when it began: where frames lie, an older file is not its work."""
    died: bool
    """It did not succeed: the file that it wrote last may be half written."""
    patterns: tuple[FilePattern, ...] = ()
    """The names of a frame's files."""
    file: str | None = None
    """The one file of all its frames."""
    min_bytes: int = 1
    check: Check | None = None
    finished: FrameSet = EMPTY
    """Frames that its log says are finished."""
    unsaved: FrameSet = EMPTY
    """Frames that its log says could not be saved, though it succeeded."""
    own: Path | None = None
    """Its own directory."""
    asked: FrameSet | None = None
    """The frames of its job; None: nobody says."""


@dataclass(frozen=True, slots=True)
class Found:
    """What became of its frames."""

    missing: FrameSet | None
    """Those that do not count; None: no files tell."""
    why: str = ""
    """What was wanted of them and is not there, in words."""
    disk: str = ""
    """Why nothing could be written to where frames lie, in the words of the system."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a frame; whether it is large enough to count is for others to say."""

    frame: int
    modified: float
    size: int


def look_at_ended(directory: Path, ended: Ended) -> Found:
    """Which frames of an attempt count.

    Raises:
        OSError: its own directory can't be read.
    """
    own = look_into(ended.own) if ended.own is not None else Survey()
    missing = _after_death(directory, ended, own) if ended.died else _after_success(directory, ended, own)
    why = disk = ""
    if missing is not None:
        missing, why = _closer(directory, ended, missing)
    if ended.died or missing:
        disk = _why_not_writable(directory, ended)
    if disk and not ended.died:
        # What did not fit was cut short, and a renderer that does not look says nothing of it.
        missing = (missing or EMPTY) | (_after_death(directory, ended, own) or EMPTY)
    return Found(missing, why, disk)


def _after_success(directory: Path, ended: Ended, own: Survey) -> FrameSet | None:
    """Of a successful attempt the frames whose files are not there or too small; None: nothing tells."""
    if ended.file is not None:
        size = own.files[ended.file].size if ended.file in own.files else size_of(directory / ended.file)
        missing = EMPTY if size >= ended.min_bytes else ended.frames
    elif ended.patterns:
        # A frame that it wrote badly is not there, whatever lies where frames lie from before. A renderer that left
        # no frame in its own directory writes there itself.
        written = _apart(ended, own) or _beside(directory, ended)
        missing = ended.frames - FrameSet(each.frame for each in written if each.size >= ended.min_bytes)
    else:
        return None
    # Their files are there, cut short where the disk was full, and the renderer may say no more of it.
    return missing | (ended.frames & ended.unsaved)


def _after_death(directory: Path, ended: Ended, own: Survey) -> FrameSet | None:
    """Of a failed attempt the frames that must be rendered again; None: no files tell, the log has to.

    A renderer that was killed may have left its last file half written. So the newest file counts only when
    the log says that its frame is finished.
    """
    if not ended.patterns:
        return None
    # Both: it may write to where frames lie itself, and some files may have been moved up before a kill.
    written = _apart(ended, own)
    here = {each.frame for each in written}
    written += [
        each for each in _beside(directory, ended) if each.modified >= ended.since and each.frame not in here
    ]
    whole = {each.frame: each.modified for each in written if each.size >= ended.min_bytes}
    last = newest(whole)
    kept = (frame for frame, at in whole.items() if (at, frame) != last or frame in ended.finished)
    return ended.frames - FrameSet(kept)


def _apart(ended: Ended, own: Survey) -> list[_File]:
    """The first files of its frames in its own directory."""
    found = own.frames(ended.patterns[0]).items()
    files = [(frame, own.files[name]) for frame, name in found if frame in ended.frames]
    return [_File(frame, file.modified, file.size) for frame, file in files]


def _beside(directory: Path, ended: Ended) -> list[_File]:
    """The first files of its frames where frames lie, whoever wrote them."""
    found = []
    for frame in ended.frames:
        for name in ended.patterns[0].names(frame):
            at, size = _written(directory / name)
            if size >= 0:
                found.append(_File(frame, at, size))
                break
    return found


def _closer(directory: Path, ended: Ended, missing: FrameSet) -> tuple[FrameSet, str]:
    """What else is missing, and what there is to say of it all."""
    places = [place for place in (ended.own, directory) if place is not None]
    bad, reasons = EMPTY, ""
    if ended.patterns:
        if len(ended.patterns) > 1:
            missing |= _incomplete(ended, places, missing)
        if ended.check is not None:
            bad, reasons = _damaged(ended.patterns, ended.check, places, ended.frames - missing)
    elif ended.check is not None and not missing and ended.file is not None:
        found = ended.check(_place_of(places, ended.file), [ended.file])
        if found.names:
            bad, reasons = ended.frames, "; ".join(found.reasons)
    if not missing | bad:
        return missing, ""
    wanted = Wanted(ended.patterns, places, str(directory), ended.min_bytes)
    words = what_is_missing(wanted, missing) if ended.patterns else ""
    return missing | bad, "; ".join(filter(None, (reasons, words)))


def _incomplete(ended: Ended, places: Sequence[Path], missing: FrameSet) -> FrameSet:
    """The frames of which another file is missing; of an attempt that died, the last that it was at, too."""
    lost: list[int] = []
    whole: dict[int, float] = {}
    for frame in ended.frames - missing:
        for pattern in ended.patterns:
            place = _place_of(places, pattern.name(frame))
            at, size = _written(place / pattern.name(frame))
            old = at < ended.since and place == places[-1] and (len(places) > 1 or ended.died)
            if size < ended.min_bytes or size < 0 or old:
                lost.append(frame)
                break
            whole[frame] = max(at, whole.get(frame, 0.0))
    last, at_last = newest(whole)
    if ended.died and last:
        # Of the frame at which it died the other files may be there, and the one that was being written, too.
        names = (pattern.name(frame) for frame in missing for pattern in ended.patterns)
        latest = max(ended.since, last)
        if not any(_written(_place_of(places, name) / name)[0] >= latest for name in names):
            lost.append(at_last)
    return FrameSet(lost)


def _damaged(
    patterns: Sequence[FilePattern], check: Check, places: Sequence[Path], frames: FrameSet
) -> tuple[FrameSet, str]:
    bad, reasons, left = EMPTY, [], [(pattern.name(f), f) for f in frames for pattern in patterns]
    for place in places:
        here = {name: frame for name, frame in left if (place / name).is_file()}
        found = check(place, here)
        bad = bad | FrameSet(here[name] for name in found.names)
        reasons += found.reasons
        left = [(name, frame) for name, frame in left if name not in here]
    return bad, "; ".join(reasons[:3])


def _why_not_writable(directory: Path, ended: Ended) -> str:
    """Why nothing could be written to where frames lie when it ended, in the words of the system."""
    place = ended.own if ended.own is not None and ended.own.is_dir() else directory
    names = [
        pattern.name(frame) for frame in ended.frames.slice(0, _MOST_FILES) for pattern in ended.patterns
    ]
    largest = max((_written(place / name)[1] for name in names[:_MOST_FILES]), default=0)
    return why_not_writable(directory, 2 * largest)


def _place_of(places: Sequence[Path], name: str) -> Path:
    return next((place for place in places if (place / name).is_file()), places[-1])


def _written(path: Path) -> tuple[float, int]:
    try:
        found = path.stat()
    except OSError:
        return 0.0, -1
    return found.st_mtime, found.st_size


def publish_ended(directory: Path, ended: Ended, kept: FrameSet) -> tuple[FrameSet, str]:
    """Move up what an attempt has left in its own directory, of its frames those that count.

    Returns the frames whose files turned out to be none, and what else was not moved up, and why.

    Raises:
        OSError: it can't be moved.
    """
    if ended.own is None or not ended.own.is_dir():
        return EMPTY, ""
    with Held.open(ended.own) as source, Held.open(directory) as target:
        found = survey(source)
        files = _files(ended, kept, found)
        names = () if ended.file is None else (ended.file,)
        ranking = Ranking(() if names else ended.patterns, names, ended.asked, ended.min_bytes)
        # The renderer is the user's own program on the user's own machine: links of theirs are followed.
        spoiled = publish(source, target, found, list(files), ranking, follow=True)
    return FrameSet.union_of(files[name] for name in spoiled), str(found)


def unmoved(ended: Ended, kept: FrameSet) -> FrameSet:
    """Of the frames that count, those whose files still lie in the attempt's directory."""
    if ended.own is None:
        return EMPTY
    return FrameSet.union_of(_files(ended, kept, look_into(ended.own)).values())


def _files(ended: Ended, kept: FrameSet, found: Survey) -> dict[str, FrameSet]:
    """The files of frames that are kept and are there, each with its frames."""
    if ended.file is not None:
        return {ended.file: kept} if kept and ended.file in found.files else {}
    return {
        name: FrameSet((frame,))
        for pattern in ended.patterns
        for frame, name in found.frames(pattern).items()
        if frame in kept
    }
