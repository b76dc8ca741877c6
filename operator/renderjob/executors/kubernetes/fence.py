"""The fence of an attempt in a cluster: a directory of its own, mounted over output.path.

The renderer, and whatever escapes from it, sees nothing of where the frames of others lie, whether it writes to
RENDER_OUTPUT or to a path of its own. The kubelet makes the directory when the pod starts.
"""

from __future__ import annotations

import posixpath
from typing import Any

from renderjob.api import RenderJob
from renderjob.core import Attempt, digest_of
from renderjob.workload import ROOT, can_be_fenced, fence_name

Object = dict[str, Any]


def mount_fence(job: RenderJob, attempt: Attempt, container: Object) -> None:
    """Mount an attempt's directory over output.path in its container, where the manifest asks for it.

    Raises:
        ValueError: it can't be done, in a sentence.
    """
    output = job.spec.output
    if output is None or not output.fenced:
        return
    if not can_be_fenced(job, attempt.frames, chunk=attempt.chunk, chunks=attempt.chunks):
        return
    path = _plain(output.path)
    mounts: list[Object] = container.get("volumeMounts", [])
    cover = _cover(path, mounts)
    if cover is None:
        raise ValueError(
            f"output.fenced needs a volume at output.path: no volumeMount of the container {container['name']} "
            f"covers {output.path}; mount one there, or leave out output.fenced"
        )
    for file in output.patterns or ("",):
        _check_below(path, file, mounts)
    below = posixpath.relpath(path, _place(cover))
    own = posixpath.normpath(
        f"{below}/{ROOT}/{fence_name(job, digest_of(job.spec, job.status))}/{attempt.id}"
    )
    fence = {**cover, "mountPath": path, **_sub_path(cover, own)}
    # The same place can't be mounted twice: ours takes the place of what lies exactly there.
    container["volumeMounts"] = [*(each for each in mounts if _place(each) != path), fence]


def _plain(path: str) -> str:
    # Two slashes at the beginning mean something of their own to POSIX.
    return posixpath.normpath(f"/{path.lstrip('/')}" if path.startswith("/") else path)


def _place(mount: Object) -> str:
    return _plain(str(mount["mountPath"]))


def _holds(directory: str, path: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _cover(path: str, mounts: list[Object]) -> Object | None:
    """The mount in which a path lies: of several the innermost."""
    return max(
        (each for each in mounts if _holds(_place(each), path)),
        key=lambda each: len(_place(each)),
        default=None,
    )


def _check_below(path: str, file: str, mounts: list[Object]) -> None:
    """Frames in a volume of their own below output.path would be written past the fence."""
    frames = posixpath.normpath(f"{path}/{posixpath.dirname(file)}")
    for each in mounts:
        if _place(each) != path and _holds(path, _place(each)) and _holds(_place(each), frames):
            raise ValueError(
                f"output.fenced can't fence {frames}, a mount of its own below output.path: make it output.path, "
                "or leave out output.fenced"
            )


def _sub_path(cover: Object, own: str) -> Object:
    """Where the directory lies in the volume: below where the user's own mount begins in it."""
    if "subPathExpr" in cover:
        # In an expression `$(NAME)` is replaced, and `$$` stands for `$`.
        return {"subPathExpr": f"{cover['subPathExpr'].rstrip('/')}/{own.replace('$', '$$')}"}
    return {"subPath": posixpath.normpath(f"{cover.get('subPath') or ''}/{own}").lstrip("/")}
