"""The summary of a run: what came of it, where that lies, and what to do about what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from renderjob.api import Reason, RenderJob, State, frames_of
from renderjob.cli.errors import ExitCode, of_state
from renderjob.cli.places import Place, verb_of
from renderjob.cli.text import count, named, per_second, printable, short_time
from renderjob.core.failures import FAILURE_CLASSES
from renderjob.frames import FrameSet


def failures_by_class(job: RenderJob) -> dict[str, int]:
    """How many attempts at chunks failed in each way, the most frequent first; what was free is not among them."""
    counts = job.status.attempts
    found = {
        kind.value: int(getattr(counts, facts.counter))
        for kind, facts in FAILURE_CLASSES.items()
        if not facts.free
    }
    ranked = sorted(found.items(), key=lambda item: item[1], reverse=True)
    return {name: number for name, number in ranked if number}


@dataclass(frozen=True)
class Summary:
    """A run that is over, or that was followed to its end."""

    job: RenderJob
    seconds: float
    """How long this run took."""
    rendered: int
    """Frames that this run rendered."""
    failures: Mapping[str, int]
    """Failed attempts of this run by class."""
    place: Place
    """Where the job is."""
    again: str = ""
    """The command that goes on with the job, where it is not the place's own."""
    gone: bool = False
    """The job was deleted."""
    killed: bool = False
    """A second Ctrl-C ended it."""
    merged: bool = False
    """This run merged."""
    waiting: str = ""
    """It was left as it is, since what it waits for will not come: what that is, in words."""

    @property
    def state(self) -> State:
        """The job's."""
        return self.job.status.state

    @property
    def exit_code(self) -> ExitCode:
        """What the command ends with."""
        if self.killed:
            return ExitCode.KILLED
        if self.gone:
            return ExitCode.CANCELLED
        return of_state(self.job.status.state.value)

    @property
    def title(self) -> str:
        """The job's name and how it ended."""
        if self.killed:
            return f"{self.job.key} · killed"
        if self.waiting:
            return f"{self.job.key} · not finished"
        return f"{self.job.key} · {'deleted' if self.gone else self.job.status.state.value}"

    def rows(self) -> list[tuple[str, str]]:
        """(label, text) in the order in which they are shown."""
        rows = [("Frames", self._frames()), ("Time", self._time())]
        if self.failures:
            by_class = ", ".join(f"{number} {kind}" for kind, number in sorted(self.failures.items()))
            rows.append(("Failures", f"{count(sum(self.failures.values()), 'attempt')}: {by_class}"))
        rows += self._places()
        status = self.job.status
        if status.result.missing_frames:
            rows.append(("Missing", f"{named(status.result.missing_frames, most=200)} (tolerated)"))
        elif status.frames.failed:
            rows.append(("Failed", named(status.frames.failed, most=200)))
        if self.waiting:
            rows.append(("Waits", printable(self.waiting)))
        elif status.error and not self.gone:
            rows.append(("Error", printable(status.error)))
        rows += self._next()
        return rows

    def _frames(self) -> str:
        status = self.job.status
        text = f"{status.completed_frames} of {status.total_frames or len(frames_of(self.job.spec.frames))}"
        if status.state is State.COMPLETED and not self.rendered:
            there = f"{text} {'was' if status.completed_frames == 1 else 'were'} rendered already"
            if self.merged:
                return f"{there}, and merged now"
            # What failed and is tolerated is told in a row of its own, with how to render it.
            return there if status.result.missing_frames else f"{there}: nothing was left to do"
        if self.rendered == status.completed_frames:
            return f"{text} rendered"
        return f"{text} rendered, {self.rendered} of them now"

    def _time(self) -> str:
        text = short_time(self.seconds)
        if self.rendered and self.seconds > 0:
            text += f", {per_second(self.rendered / self.seconds)}"
        return text

    def _places(self) -> list[tuple[str, str]]:
        pairs = [("Output", self.place.output(self.job)), ("Merged", self.place.merged(self.job))]
        return [(label, path) for label, path in pairs if path]

    def _next(self) -> list[tuple[str, str]]:
        status = self.job.status
        if self.gone:
            return [("Next", "the job was deleted; what is rendered is kept")]
        again = self.again or self.place.go_on(self.job)
        if self.killed or self.waiting:
            return [("Go on", again)]
        if status.state is State.FAILED:
            return [("Logs", self._log_command()), ("Retry", f"{again}  (runs again what failed)")]
        if status.state is State.COMPLETED and status.result.missing_frames:
            command = self.place.again(self.job)
            return [("Logs", self._log_command()), ("Retry", f"{command}  (runs again what failed)")]
        if status.state is State.CANCELLED:
            return [("Go on", f"{again}  (renders only what is missing)")]
        if status.state is State.SUSPENDED:
            return [("Go on", self._go_on())]
        return []

    def _go_on(self) -> str:
        command = self.place.go_on(self.job)
        if verb_of(self.job) != "approve":
            return command
        look = self.place.command("preview", self.place.reference(self.job), job=self.job)
        return f"{look}  (to look at it), then: {command}  (sets spec.preview.approved)"

    def _log_command(self) -> str:
        job, failed = self.job, self.job.status.frames.failed
        words = []
        if failed:
            words = ["--frame", str(FrameSet.parse(failed).first)]
        elif any(c.reason in (Reason.MERGE_FAILED, Reason.MERGE_REFUSED) for c in job.status.conditions):
            words = ["--merge"]
        return self.place.command("logs", self.place.reference(job), *words, job=job)
