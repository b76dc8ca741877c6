"""What a verdict tells a person: who or what, in the words of who ended it, and the log's last line where it helps."""

from __future__ import annotations

import signal

from renderjob.api.duration import format_duration
from renderjob.api.quantity import format_memory
from renderjob.core import resources
from renderjob.core.evidence import Role

from .predicates import seconds, sidecar_out_of_memory, signal_number
from .verdict import Ended

MOST = 400
"""Characters of the words of others."""


def stalled(ended: Ended) -> str:  # noqa: D103
    limit = format_duration(ended.spec.timeouts.stall or 0)
    return f"no frame, no percent, no output and no file for {limit} (timeouts.stall); {_last(ended)}"


def took_too_long(ended: Ended) -> str:  # noqa: D103
    chunk = ended.spec.timeouts.chunk
    limit = f"{format_duration(chunk)} (timeouts.chunk)" if chunk else "the activeDeadlineSeconds of its Job"
    return f"took longer than {limit}; {_last(ended)}"


def of_config(ended: Ended) -> str:  # noqa: D103
    return ended.seen.config


def of_pod(ended: Ended) -> str:
    """In the kubelet's own words."""
    return (ended.evidence.words or ended.last_line or "its pod was taken away")[:MOST]


def of_disruption(ended: Ended) -> str:  # noqa: D103
    return of_words(ended) or ended.last_line or "its pod was taken away"


def by_rule(ended: Ended) -> str:
    """The line that a rule is about, or the exit code."""
    code = ended.seen.exit_code
    rule = next(r for r in ended.spec.retries.rules if r.fits(code, ended.seen.log))
    if rule.log is None:
        return by_exit(ended)
    lines = (line for line in ended.seen.log.splitlines() if rule.fits(code, line))
    return next(lines, ended.last_line).strip()[:MOST]


def of_loss(ended: Ended) -> str:  # noqa: D103
    return ended.last_line or of_words(ended) or "it was lost while it ran"


def of_words(ended: Ended) -> str:
    """In the kubelet's own words, if there are any."""
    return ended.evidence.words[:MOST]


def of_deletion(ended: Ended) -> str:  # noqa: D103
    if ended.evidence.untouched:
        return "its pod was deleted before it began"
    return ended.last_line or "its pod was deleted while it ran"


def of_rejection(ended: Ended) -> str:
    """In the kubelet's own words, if there are any."""
    return of_words(ended) or "its pod failed before any of its containers began, and nobody says why"


def of_unseen(ended: Ended) -> str:
    """The runtime's words, or what their lack means: it was restarted, mostly with its node."""
    words, guilty = of_words(ended), ended.guilty
    if words or guilty is None:
        return words
    why = guilty.message.strip() or "its node, or the container runtime there, was restarted while it ran"
    return f"{guilty.reason}: {why}"[:MOST]


def never_began(ended: Ended) -> str:  # noqa: D103
    del ended
    return "it did not start in time"


def of_start(ended: Ended) -> str:
    """Which container can't start, in the runtime's words."""
    guilty = ended.guilty
    if guilty is None:
        return of_pod(ended)
    whose = "" if guilty.role is Role.RENDER else f"{guilty.title}: "
    return f"{whose}{guilty.reason}: {guilty.message.strip()}"[:MOST]


def by_itself(ended: Ended) -> str:
    """How it ended, where nobody else has a word for it: a signal, an exit code, or our own last line."""
    code = ended.seen.exit_code
    if not code:
        # What is wrong with an exit code of 0 is told by who found it.
        return ended.last_line or "it ended without an exit code"
    number = signal_number(code)
    return f"killed by signal {number}{_named(number)}" if number else f"exit code {code}"


def by_exit(ended: Ended) -> str:
    """The log's last line, which tells what an exit code means; of a signal it tells nothing."""
    if signal_number(ended.seen.exit_code):
        return by_itself(ended)
    return ended.last_line or by_itself(ended)


def _named(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def of_memory(ended: Ended) -> str:
    """Who ran out of memory, and how much it had."""
    guilty = ended.guilty
    beside = guilty is not None and guilty.role is not Role.RENDER
    if beside and guilty is not None:
        had = resources.memory_of(ended.spec, ended.attempt, guilty.name)
        return f"{guilty.title} ran out of memory{_with(had)}"
    return f"ran out of memory{_with(ended.seen.memory)}"


def beside_memory(ended: Ended) -> str:
    """The renderer's own end, and who was killed beside it."""
    sidecar = sidecar_out_of_memory(ended)
    if sidecar is None:
        return by_itself(ended)
    had = resources.memory_of(ended.spec, ended.attempt, sidecar.name)
    return f"{by_itself(ended)}; {sidecar.title} ran out of memory{_with(had)} beside it"


def _with(memory: int | None) -> str:
    return f" with {format_memory(memory)}" if memory else ""


def of_renderer(ended: Ended) -> str:  # noqa: D103
    return ended.seen.failed[:MOST]


def of_container(ended: Ended) -> str:
    """Of a container beside the renderer: its name is in the log's place."""
    return ended.last_line or by_itself(ended)


def of_merge(ended: Ended) -> str:
    """In the merge's own words."""
    return (ended.seen.answer or f"these frames can't be merged: {ended.seen.bad.brief()}")[:MOST]


def not_saved(ended: Ended) -> str:  # noqa: D103
    return ended.seen.unsaved[:MOST]


def ended_unsaved(ended: Ended) -> str:  # noqa: D103
    return f"exit code 0, but it could not save a frame: {ended.seen.unsaved}"[:300]


def too_fast(ended: Ended) -> str:  # noqa: D103
    minimum = format_duration(ended.spec.timeouts.minimum or 0)
    return f"ended after {seconds(ended):.3g}s, less than {minimum} (timeouts.minimum)"


def of_disk(ended: Ended) -> str:
    """In the system's own words."""
    return ended.seen.disk[:MOST]


def no_output(ended: Ended) -> str:
    """What was wanted and what was found, or what is wrong with it."""
    if ended.seen.lacks:
        return f"exit code 0, but {ended.seen.lacks}"[:MOST]
    output = ended.spec.output
    name = (output.pattern or output.chunk_file) if output else None
    where = f"{output.path}/{name or 'its file'}" if output else "the output"
    return f"exit code 0, but {where} is missing or too small for: {ended.seen.missing}"[:300]


def _last(ended: Ended) -> str:
    return f"last line: {ended.last_line}" if ended.last_line else "it said nothing"
