"""What is wrong with a manifest: problems, each a sentence with a place, and the error that holds them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to change in a manifest."""

    path: str
    """The field, such as `spec.retries.rules[2].action`; empty for the document as a whole."""
    message: str
    """What is wrong, or what is accepted."""
    found: str = ""
    """What stands there; empty where the message says it."""
    suggestion: str = ""
    """What was probably meant."""
    line: int | None = None
    """From 1, where it is known."""

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        joint = "; " if self.message.startswith("accepted: ") else ": "
        found = f"found {self.found}{joint}" if self.found else ""
        return f"{place}{found}{self.message}" + (f"; {self.suggestion}" if self.suggestion else "")


class ManifestError(Exception):
    """A manifest that cannot be used; its text has one line for each problem."""

    def __init__(self, problems: list[Problem], source: str = "") -> None:
        self.problems = problems
        self.source = source
        super().__init__("\n".join(self._line(problem) for problem in problems))

    def _line(self, problem: Problem) -> str:
        line = f":{problem.line}" if problem.line is not None and self.source else ""
        return f"{self.source}{line}: {problem}" if self.source else str(problem)
