"""The manifest that a command line means."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import CliError, ExitCode
from .text import count, say

if TYPE_CHECKING:
    from renderjob.api import RenderJob
    from renderjob.manifest import Loaded

_SHOWN = 8
"""Resources of other kinds that are named when they are skipped."""

_SUFFIXES = (".yaml", ".yml", ".json")


def is_file(target: str) -> bool:
    """Whether a target is a manifest's file, not the name of a job.

    Raises:
        CliError: it is written as a file and is not there, or is a directory.
    """
    if target == "-" or Path(target).is_file():
        return True
    if Path(target).is_dir():
        found = sorted(path for path in Path(target).iterdir() if path.suffix in _SUFFIXES)
        which = f", such as {shlex.quote(str(found[0]))}" if found else ""
        raise CliError(f"{target} is a directory; name a manifest's file{which}", ExitCode.INVALID)
    if Path(target).suffix in _SUFFIXES or target.startswith((".", "/", "~")):
        raise CliError(f"there is no file {target}", ExitCode.INVALID)
    return False


def load(target: str) -> list[Loaded]:
    """All jobs of a file, as they were understood and as they were written; `-` is stdin.

    What else is in the file is skipped, with a note on stderr.

    Raises:
        CliError: two of them are one job.
        ManifestError: with one line for each problem.
    """
    from renderjob.manifest import load_resources, read_text

    skipped: list[str] = []
    text, source = (sys.stdin.read(), "<stdin>") if target == "-" else (read_text(target), target)
    loaded = load_resources(text, source, skipped)
    if skipped:
        shown = ", ".join(skipped[:_SHOWN]) + (
            f" and {len(skipped) - _SHOWN} more" if skipped[_SHOWN:] else ""
        )
        say(f"note: {source}: skipped, since it is no RenderJob: {shown}", file=sys.stderr)
    refuse_twins(loaded)
    return loaded


def refuse_twins(loaded: Sequence[Loaded], namespace: str | None = None, usual: str = "") -> None:
    """Refuse documents that are one job, of which the last would win.

    Args:
        loaded: of one file, or of several.
        namespace: where all of them go; None: where each says.
        usual: the namespace of those that say nothing; empty: one of its own.

    Raises:
        CliError: two have one name in one namespace; it says where they stand.
    """
    known: dict[tuple[str, str], Loaded] = {}
    for each in loaded:
        meta = each.data["metadata"]
        first = known.setdefault((namespace or meta.get("namespace") or usual, meta["name"]), each)
        if first is not each:
            raise CliError(
                f"{each.place}: metadata.name: {meta['name']} stands twice, first in {first.place}; accepted: one "
                "document for each job of a namespace. Give one of them another name, or remove it",
                ExitCode.INVALID,
            )


def load_one(target: str, name: str | None = None, namespace: str | None = None) -> RenderJob:
    """The one job of a file.

    `name` chooses among several, or gives the only one another name; `namespace` likewise.

    Raises:
        CliError: the file holds several and `name` chooses none of them.
        ManifestError: with one line for each problem.
    """
    return _named(only(load(target), target, name).job, name, namespace)


def load_some(target: str, name: str | None = None, namespace: str | None = None) -> list[RenderJob]:
    """All jobs of a file, or the one that `name` chooses, or gives another name.

    Raises:
        CliError: the file holds several, and `name` chooses none of them, or two of them are one job.
        ManifestError: with one line for each problem.
    """
    loaded = load(target)
    if name is None:
        refuse_twins(loaded, namespace, "default")
        return [_named(one.job, None, namespace) for one in loaded]
    return [_named(only(loaded, target, name).job, name, namespace)]


def renamed(loaded: Loaded, name: str) -> Loaded:
    """The same manifest for a job of another name.

    Raises:
        CliError: it is no name.
    """
    data = {**loaded.data, "metadata": {**loaded.data["metadata"], "name": name}}
    return replace(loaded, job=_named(loaded.job, name, None), data=data)


def _named(job: RenderJob, name: str | None, namespace: str | None) -> RenderJob:
    identity = {"name": name or job.metadata.name, "namespace": namespace or job.metadata.namespace}
    if identity == {"name": job.metadata.name, "namespace": job.metadata.namespace}:
        return job
    from pydantic import ValidationError

    from renderjob.api import ObjectMeta

    try:
        meta = ObjectMeta.model_validate(job.metadata.to_wire() | identity)
    except ValidationError as error:
        option, value = (
            ("--name", name) if error.errors()[0]["loc"] == ("name",) else ("--namespace", namespace)
        )
        sentence = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise CliError(f"{option} {value}: {sentence}", ExitCode.USAGE) from None
    return job.model_copy(update={"metadata": meta})


def size_words(job: RenderJob) -> str:
    """How much work a job is: `240 frames in 24 chunks`."""
    from renderjob.api import frames_of
    from renderjob.planning import layout_of

    frames = count(len(frames_of(job.spec.frames)), "frame")
    size = ", sized while it runs" if job.spec.chunks.target_duration is not None else ""
    return f"{frames} in {count(layout_of(job.spec).count, 'chunk')}{size}"


def only(loaded: Sequence[Loaded], target: str, name: str | None) -> Loaded:
    """The only job of a file, or the one with this name.

    Raises:
        CliError: there are several, and `name` chooses none of them.
    """
    if len(loaded) > 1:
        chosen = [each for each in loaded if each.job.metadata.name == name]
        if len(chosen) != 1:
            names = ", ".join(each.job.metadata.name for each in loaded)
            raise CliError(
                f"{target} holds {len(loaded)} jobs ({names}): choose one with --name", ExitCode.USAGE
            )
        loaded = chosen
    return loaded[0]
