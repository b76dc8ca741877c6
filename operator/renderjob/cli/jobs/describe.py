"""One job in detail, as kubectl describe shows one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from renderjob.api import RenderJob
from renderjob.api.status import NEVER_SEEN
from renderjob.cli.live.tables import INTERRUPTED, eta, eta_p90, shown_state
from renderjob.cli.places import Place
from renderjob.cli.text import age, count, named, printable, short_time, shortened
from renderjob.repositories.resource import is_read

_BAR = 30
_RANGES = 120


def describe(job: RenderJob, place: Place, *, attended: bool) -> str:
    """The job as lines: what it is, how far, what failed, where the result lies, and what to do."""
    return "\n".join(line.rstrip() for line in _lines(job, place, attended, datetime.now(UTC)))


def _lines(job: RenderJob, place: Place, attended: bool, now: datetime) -> Iterator[str]:
    meta, status = job.metadata, job.status
    state = shown_state(job, attended=attended)
    yield from _pairs(
        ("Name", meta.name),
        ("Namespace", meta.namespace),
        ("Id", meta.uid),
        ("State", state if not status.error else f"{state}: {printable(status.error)}"),
        ("Progress", f"{_bar(status.progress)} {status.progress}%"),
        ("Frames", _frames(job)),
        ("Chunks", _chunks(job, attended)),
        ("Attempts", _attempts(job)),
        ("Frame time", _frame_time(job)),
        ("Avoids", ", ".join(job.status.avoided_nodes)),
        ("Time", _time(job, now, attended)),
        ("Output", place.output(job)),
        ("Merged", place.merged(job)),
        ("Digest", status.digest),
    )
    ranges = [
        (label, shortened(text, _RANGES))
        for label, text in (
            ("completed", status.frames.completed),
            ("active", status.frames.active if attended else ""),
            ("failed", status.frames.failed),
            ("missing", status.result.missing_frames),
        )
        if text
    ]
    yield from _section("Ranges", [f"{label:<10} {text}" for label, text in ranges])
    yield from _section("Waiting to retry", _retrying(job, now))
    yield from _section("Failures", _failures(job, now))
    yield from _section("Conditions", _conditions(job, now))
    yield from _section("Next", _next(job, place, state))


def _pairs(*pairs: tuple[str, str]) -> Iterator[str]:
    for label, text in pairs:
        if text:
            yield f"{label + ':':<12}{text}"


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines)


def _bar(percent: int) -> str:
    full = _BAR * percent // 100
    return "━" * full + "╌" * (_BAR - full)


def _frames(job: RenderJob) -> str:
    status = job.status
    of = f" ({job.spec.frames})" if is_read(job) else ""
    return f"{status.completed_frames} of {status.total_frames}{of}"


def _chunks(job: RenderJob, attended: bool) -> str:
    status = job.status
    text = f"{status.completed_chunks} of {status.total_chunks}"
    return f"{text}, {status.active} running" if attended and status.active else text


def _attempts(job: RenderJob) -> str:
    counts = job.status.attempts.to_wire()
    return ", ".join(f"{number} {_spelled(kind)}" for kind, number in counts.items() if number)


def _spelled(name: str) -> str:
    """`outOfMemory` as words."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name)


def _frame_time(job: RenderJob) -> str:
    times = job.status.frame_seconds
    if not times.recent:
        return ""
    text = f"median {times.p50:g}s, nine of ten within {times.p90:g}s"
    if times.slowest is not None:
        text += f", slowest {times.slowest.seconds:g}s (in the chunk from frame {times.slowest.frame})"
    return text


def _time(job: RenderJob, now: datetime, attended: bool) -> str:
    status = job.status
    words = [f"made {age(job.metadata.creation_timestamp, now)} ago"]
    if status.started_at is not None:
        words.append(f"started {age(status.started_at, now)} ago")
    if status.completed_at is not None:
        words.append(f"ended {age(status.completed_at, now)} ago")
    left = eta(job, now) if attended else ""
    if left:
        late = eta_p90(job, now)
        words.append(f"about {left} left" + (f", {late} if frames are slow" if late and late != left else ""))
    return ", ".join(words)


def _retrying(job: RenderJob, now: datetime) -> list[str]:
    lines = []
    for entry in job.status.retrying:
        wait = (entry.not_before - now).total_seconds()
        when = f"in {short_time(wait)}" if wait > 0 else "as soon as there is room"
        memory = f" with {entry.memory} of memory" if entry.memory else ""
        beside = (f"{amount} for container {name}" for name, amount in entry.beside.items())
        memory += "".join(f", {words}" for words in beside)
        after = f"after {count(entry.attempts, 'failed attempt')} ({entry.failure_class.value})"
        lines.append(f"{named(entry.frames, most=40)}: {when}{memory}, {after}")
    return lines


def _failures(job: RenderJob, now: datetime) -> list[str]:
    lines = []
    for failure in reversed(job.status.failures):
        told = failure.exit_code is None or failure.message.startswith(("exit code", "killed by signal"))
        code = "" if told else f", exit code {failure.exit_code}"
        node = f" on {failure.node}" if failure.node else ""
        lines.append(
            f"{age(failure.time, now)} ago: {named(failure.frames, most=40)}, attempt {failure.attempt}"
            f"{node}: {failure.failure_class.value}{code}: {shortened(printable(failure.message), 200)}"
        )
    return lines


def _conditions(job: RenderJob, now: datetime) -> list[str]:
    return [
        f"{c.type.value:<12} {c.status:<8} {c.reason:<22} {age(c.last_transition_time, now):>6}  "
        f"{shortened(printable(c.message), 100)}"
        for c in job.status.conditions
    ]


def _next(job: RenderJob, place: Place, state: str) -> list[str]:
    again = place.go_on(job)
    if state == INTERRUPTED:
        return [f"no process runs it; go on with: {again}"]
    if place.cluster and job.status.observed_generation == NEVER_SEEN:
        return ["no operator has looked at it yet: does one run?"]
    match state:
        case "Failed":
            return [place.command("logs", place.reference(job), job=job), again]
        case "Cancelled" | "Suspended":
            return [again]
        case _:
            return []
