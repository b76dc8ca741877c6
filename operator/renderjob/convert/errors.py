"""What is wrong with a job file."""

from __future__ import annotations


class ConvertError(Exception):
    """A job file that cannot be converted; its text has one line for each problem."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))
