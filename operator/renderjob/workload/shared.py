"""Outputs that several jobs write to: by their directories and the names of their files, nothing is looked at.

Two jobs of which one overwrites what the other has rendered are both told. That is no error: a job that is made anew
under another name may well be meant to write over the one before.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from renderjob.api import RenderJob, frames_of
from renderjob.api.merge_backends import built_in
from renderjob.frames import FilePattern

Place = tuple[str, ...]
"""What tells a directory from all others; its last part is a path."""

MOST_NAMED: Final = 3
"""Other jobs that a sentence names."""

MOST_OTHERS: Final = 32
"""Writers of one file that are looked at."""

MOST_FILES: Final = 256
"""Files of listed chunks by which a job is known."""


@dataclass(frozen=True, slots=True)
class _Files:
    """Files that a job writes, one for each frame, or a single one."""

    pattern: FilePattern | None
    frames: str
    shown: str


_Key = tuple[str, ...]


class SharedOutputs:
    """Which jobs write to the same files, of those that are noted."""

    def __init__(self, place_of: Callable[[RenderJob], Place | None]) -> None:
        """`place_of` tells where a job's output.path lies; None where nobody else can be."""
        self._place_of = place_of
        self._versions: dict[str, tuple[int, bool]] = {}
        """The generation that a job was noted with, and whether it counted."""
        self._names: dict[str, str] = {}
        self._files: dict[str, dict[_Key, _Files]] = {}
        self._writers: dict[_Key, set[str]] = {}

    def note(self, job: RenderJob) -> set[str]:
        """Take note of a job. Returns the uids of others for which that is news."""
        uid, version = job.metadata.uid, (job.metadata.generation, _counts(job))
        if self._versions.get(uid) == version:
            return set()
        self._versions[uid] = version
        writes = dict(_written(job, self._place_of(job))) if _counts(job) else {}
        if self._files.get(uid, {}) == writes:
            return set()
        news = self._remove(uid)
        if writes:
            self._names[uid], self._files[uid] = job.key, writes
            for key in writes:
                self._writers.setdefault(key, set()).add(uid)
        return news | self._others(uid)

    def forget(self, uid: str) -> set[str]:
        """A job is gone. Returns the uids of others for which that is news."""
        self._versions.pop(uid, None)
        return self._remove(uid)

    def _remove(self, uid: str) -> set[str]:
        others = self._others(uid)
        for key in self._files.pop(uid, {}):
            self._writers[key].discard(uid)
            if not self._writers[key]:
                del self._writers[key]
        self._names.pop(uid, None)
        return others

    def words(self, job: RenderJob) -> str:
        """Who else writes the files of a job, in a sentence; empty when nobody does."""
        uid = job.metadata.uid
        others = sorted(self._others(uid), key=lambda other: self._names[other])
        if not others:
            return ""
        named = ", ".join(self._names[other] for other in others[:MOST_NAMED])
        more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        files = next(
            mine.shown
            for key, mine in self._files[uid].items()
            for other in others
            if key in self._files[other] and _meet(mine, self._files[other][key])
        )
        return (
            f"{named}{more} {'writes' if len(others) == 1 else 'write'} the same files ({files}): one overwrites what "
            "the other has rendered; give each an output.path, or names, of its own"
        )

    def _others(self, uid: str) -> set[str]:
        found: set[str] = set()
        for key, mine in self._files.get(uid, {}).items():
            # Of very many a few are enough to tell.
            for other in islice(self._writers.get(key, ()), MOST_OTHERS):
                if other != uid and _meet(mine, self._files[other][key]):
                    found.add(other)
        return found


def volume_place(job: RenderJob) -> Place | None:
    """Where output.path lies in a cluster: in which volume, and where in it. None for a pod's own disk."""
    output, template = job.spec.output, job.spec.template
    if output is None or not output.path.startswith("/"):
        return None
    path = posixpath.normpath(output.path)
    places = {posixpath.normpath(mount.mount_path): mount for mount in template.container.volume_mounts}
    cover = max((place for place in places if _holds(place, path)), key=len, default=None)
    if cover is None:
        return None
    mount, more = places[cover], places[cover].model_extra or {}
    volume = next((each for each in template.spec.volumes if each.get("name") == mount.name), {})
    identity = _identity(volume, job.metadata.namespace)
    if identity is None or more.get("subPathExpr"):
        return None
    below = posixpath.relpath(path, cover)
    return (*identity, posixpath.normpath("/" + f"{more.get('subPath') or ''}/{below}".lstrip("/")))


def _identity(volume: dict[str, Any], namespace: str) -> Place | None:
    match volume:
        case {"persistentVolumeClaim": {"claimName": str(claim)}}:
            return ("claim", namespace, claim)
        case {"nfs": {"server": str(server), "path": str(path)}}:
            return ("nfs", server, path)
        case {"hostPath": {"path": str(path)}}:
            return ("host", path)
        case _:
            return None


def _holds(directory: str, path: str) -> bool:
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")


def _counts(job: RenderJob) -> bool:
    """Whether a job writes, or what it wrote lies there."""
    ended = job.status.state.terminal or job.spec.cancel
    return not ended or bool(job.status.completed_frames)


def _written(job: RenderJob, place: Place | None) -> Iterator[tuple[_Key, _Files]]:
    output = job.spec.output
    if output is None or place is None:
        return
    *where, path = place
    for text in output.patterns:
        pattern = FilePattern(text)
        key = (*where, posixpath.join(path, pattern.prefix), pattern.suffix)
        yield key, _Files(pattern, job.spec.frames, text)
    backend = built_in(job.spec.merge)
    merge = backend.file if backend is not None else ""
    listed = [chunk.output for chunk in (job.spec.chunks.explicit or ())[:MOST_FILES]]
    # A name that the job's own is part of is nobody else's.
    own = output.chunk_file or ""
    names = [*listed, merge, own if "$(RENDER_JOB" not in own else ""]
    for name in filter(None, names):
        full = posixpath.normpath(posixpath.join(path, name))
        yield (*where, full, ""), _Files(None, job.spec.frames, name)


def _meet(one: _Files, other: _Files) -> bool:
    """Whether some file is both's; names of one prefix and suffix differ by the number between them alone."""
    if one.pattern is None or other.pattern is None:
        return one.pattern is other.pattern
    both = frames_of(one.frames) & frames_of(other.frames)
    if not both:
        return False
    return any(
        _number(one.pattern, frame) == _number(other.pattern, frame) for frame in (both.first, both.last)
    )


def _number(pattern: FilePattern, frame: int) -> str:
    return pattern.name(frame).removeprefix(pattern.prefix)
