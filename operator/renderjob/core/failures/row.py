"""A row of the table of verdicts: one kind of end, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from renderjob.api import FailureClass

from .verdict import Blame, Cost, Ended, Pause, Remedy, Verdict


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of end."""

    name: str
    """In one word, for tests."""
    when: str
    """What is seen, as a sentence of the docs."""
    reason: str
    """Why it is judged so."""
    fits: Callable[[Ended], bool]
    failure_class: FailureClass
    blames: Blame
    cost: Cost
    message: Callable[[Ended], str]
    pause: Pause = Pause.BACKOFF
    remedy: Remedy = Remedy.NONE
    container: Callable[[Ended], str] = lambda _: ""
    """Whom the remedy is for: a container beside the renderer; empty: the renderer."""
    adds_last_line: bool = False
    """The log's last line follows the message."""
    bare: bool = False
    """The message is but an exit code: two failed alike only when their last lines are alike, too."""

    def verdict(self, ended: Ended) -> Verdict:
        """What follows for one attempt."""
        message, last = self.message(ended), ended.last_line
        return Verdict(
            failure_class=self.failure_class,
            cost=self.cost,
            message=message,
            last_line=last if self.adds_last_line and last != message else "",
            row=self.name,
            blames=self.blames,
            pause=self.pause,
            remedy=self.remedy,
            container=self.container(ended),
            bare=self.bare,
        )
