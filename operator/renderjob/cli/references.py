"""How a job is named on the command line: name, namespace/name, or id."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from .errors import CliError

if TYPE_CHECKING:
    from renderjob.api import RenderJob

    from .places import Place

MIN_ID = 6
"""Characters of an id that are enough."""

FULL = "renderjob.renderjob.dev/"
"""What stands before a name that `get -o name` printed."""


def pick(jobs: Sequence[RenderJob], reference: str, namespace: str | None, place: Place) -> RenderJob:
    """The one job that is meant.

    Raises:
        CliError: none, or several; its text helps.
    """
    reference = reference.removeprefix(FULL)
    found = matching(jobs, reference, namespace)
    if len(found) == 1:
        return found[0]
    if found:
        keys = ", ".join(sorted(job.key for job in found))
        raise CliError(f"{reference} may be {keys}: write namespace/name, or choose with --namespace")
    raise CliError(_unknown(jobs, reference, namespace, place))


def matching(jobs: Sequence[RenderJob], reference: str, namespace: str | None = None) -> list[RenderJob]:
    """The jobs that a reference may mean; a name goes before an id."""
    within = [job for job in jobs if namespace is None or job.metadata.namespace == namespace]
    named = [job for job in within if reference in (job.metadata.name, job.key)]
    if named or len(reference) < MIN_ID:
        return named
    return [job for job in within if job.metadata.uid.startswith(reference)]


def _unknown(jobs: Sequence[RenderJob], reference: str, namespace: str | None, place: Place) -> str:
    where = f" in the namespace {namespace}" if namespace else ""
    text = f"no job is called {reference}{where}"
    if not jobs:
        return f"{text}: there are no jobs at all {place.here}; start one with: {place.begin()}{place.elsewhere()}"
    names = {job.key: job.key for job in jobs} | {job.metadata.name: job.metadata.name for job in jobs}
    close = get_close_matches(reference, list(names), n=3, cutoff=0.6)
    elsewhere = [job.key for job in jobs if job.metadata.name == reference]
    if elsewhere:
        return f"{text}, but there is {', '.join(elsewhere)}"
    if close:
        return f"{text}; do you mean {' or '.join(close)}?"
    return f"{text}; {place.command('list')} shows what there is{place.elsewhere()}"
