"""The summary of a run: what came of it, where it lies, and what to do about what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from renderjob.api import RenderJob, State, frames_of
from renderjob.executors.local.mounts import Mounts, directory_of, output_directory
from renderjob.frames import FrameSet

from .exit_codes import ExitCode, of_state
from .text import count, per_second, printable, short_time, shortened


@dataclass(frozen=True)
class Summary:
    """A run that is over."""

    job: RenderJob
    seconds: float
    """How long this run took."""
    rendered: int
    """Frames that this run rendered."""
    failures: Mapping[str, int]
    """Failed attempts of this run by class."""
    again: str
    """The command that goes on with the job."""
    gone: bool = False
    """The job was deleted."""
    killed: bool = False
    """A second Ctrl-C ended it."""

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
        return f"{self.job.key} · {'deleted' if self.gone else self.job.status.state.value}"

    def rows(self) -> list[tuple[str, str]]:
        """(label, text) in the order in which they are shown."""
        rows = [("Frames", self._frames()), ("Time", self._time())]
        if self.failures:
            by_class = ", ".join(f"{number} {kind}" for kind, number in sorted(self.failures.items()))
            rows.append(("Failures", f"{count(sum(self.failures.values()), 'attempt')}: {by_class}"))
        rows += self._places()
        status = self.job.status
        if status.frames.failed:
            rows.append(("Failed", f"frames {shortened(status.frames.failed, 200)}"))
        elif status.result.missing_frames:
            rows.append(("Missing", f"frames {shortened(status.result.missing_frames, 200)} (tolerated)"))
        if status.error and not self.gone:
            rows.append(("Error", printable(status.error)))
        rows += self._next()
        return rows

    def _frames(self) -> str:
        status = self.job.status
        text = f"{status.completed_frames} of {status.total_frames or len(frames_of(self.job.spec.frames))}"
        if status.state is State.COMPLETED and not self.rendered:
            return f"{text} were rendered already: nothing was left to do"
        if self.rendered == status.completed_frames:
            return f"{text} rendered"
        return f"{text} rendered, {self.rendered} of them now"

    def _time(self) -> str:
        text = short_time(self.seconds)
        if self.rendered and self.seconds > 0:
            text += f", {per_second(self.rendered / self.seconds)}"
        return text

    def _places(self) -> list[tuple[str, str]]:
        rows = []
        output = output_directory(self.job)
        if output is not None:
            rows.append(("Output", str(output)))
        merged = merged_file(self.job)
        if merged:
            rows.append(("Merged", merged))
        return rows

    def _next(self) -> list[tuple[str, str]]:
        status, name = self.job.status, self.job.metadata.name
        if self.gone:
            return [("Next", "the job was deleted; what is rendered is kept")]
        if self.killed:
            return [("Go on", self.again)]
        rows = []
        if status.state is State.FAILED:
            rows.append(("Logs", _log_command(self.job, name)))
            rows.append(("Retry", f"{self.again}  (runs again what failed)"))
        elif status.state in (State.CANCELLED, State.SUSPENDED):
            rows.append(("Go on", self._go_on()))
        return rows

    def _go_on(self) -> str:
        reasons = {c.reason for c in self.job.status.conditions}
        if "AwaitingApproval" in reasons:
            return "look at the preview, set spec.preview.approved to true, and run it again"
        if self.job.spec.suspend and self.job.status.state is State.SUSPENDED:
            return f"renderjob resume {self.job.metadata.name} --run"
        return f"{self.again}  (renders only what is missing)"


def merged_file(job: RenderJob) -> str:
    """status.result.merged as a path of this machine; empty when there is none."""
    merged = job.status.result.merged
    return str(directory_of(job) / Mounts.of(job).translate(merged)) if merged else ""


def _log_command(job: RenderJob, name: str) -> str:
    failed = job.status.frames.failed
    if failed:
        return f"renderjob logs {name} --frame {FrameSet.parse(failed).first}"
    if any(c.reason == "MergeFailed" for c in job.status.conditions):
        return f"renderjob logs {name} --merge"
    return f"renderjob logs {name}"
