"""A plain Indexed Job, an index for each chunk, with `backoffLimitPerIndex: 3`.

What the Job controller does, and nothing more:

- An index that failed is begun again from its first frame, after 10 s, 20 s, 40 s; the fourth failure is final.
- `podFailurePolicy` ignores disruptions: the index is begun again from its first frame, and nothing is counted.
- The Job ends as failed when an index is: then somebody makes a Job of the failed indexes, with half as much
  memory again when they ran out of it. (Kubernetes has nothing for that. That it is done at all is kind.)
- Pods go to any node, bad or not.
- An edit is another Job: a Job's pod template and its completions can't be changed (completions only together with
  parallelism, which does not bound the window then). Somebody is there at once who makes it of the new frames only,
  and the two share the window. (Who edits the one Job and makes it anew renders everything again.)
- Nobody has an operator that could be killed.
"""

from __future__ import annotations

from dataclasses import dataclass

from .farm import End, Farm, Pod
from .scenario import CHUNK, MEMORY, NODES, PERSON, SLOTS, Scenario

LIMIT = 3
"""backoffLimitPerIndex."""
PAUSE = 10.0
LONGEST_PAUSE = 360.0


@dataclass
class _Index:
    """A chunk, and how often it failed."""

    frames: range
    failures: int = 0


class IndexedJob:
    """Drives Jobs until every frame is rendered by the last."""

    def __init__(self, farm: Farm, scenario: Scenario) -> None:
        self._farm = farm
        self._memory = MEMORY
        self._todo: list[_Index] = []
        self._failed: list[_Index] = []
        self._pods: dict[Pod, _Index] = {}
        self._held = 0
        """Indexes that wait before they are begun again."""
        self.finished = False
        self.helped = 0
        """How often somebody had to act by hand."""
        self._edits = 1 if scenario.edited else 0
        if scenario.edited:
            farm.at(scenario.halfway, lambda: self._edit(scenario))
        self._create(chunks(scenario.frames))

    def _create(self, cells: list[range]) -> None:
        self._todo += [_Index(cell) for cell in cells]
        self._fill()

    def _edit(self, scenario: Scenario) -> None:
        self._edits = 0
        self.helped += 1
        self._create(chunks(scenario.asked)[len(chunks(scenario.frames)) :])

    def _fill(self) -> None:
        while self._todo and len(self._pods) < NODES * SLOTS:
            index = self._todo.pop(0)
            self._pods[self._farm.submit(Pod(index.frames, self._memory, self._ended))] = index
        if not (self._todo or self._pods or self._held or self._edits):
            self._over()

    def _over(self) -> None:
        if not self._failed:
            self.finished = True
            return
        left = [index.frames for index in self._failed]
        self._failed = []
        self._held = 1
        self._farm.at(self._farm.now + PERSON, lambda: self._again(left))

    def _again(self, left: list[range]) -> None:
        self.helped += 1
        self._held -= 1
        self._create(left)

    def _ended(self, pod: Pod) -> None:
        index, now = self._pods.pop(pod), self._farm.now
        if pod.end is End.DONE:
            pass
        elif pod.end is not None and pod.end.disrupted:
            self._todo.insert(0, index)
        else:
            index.failures += 1
            if index.failures > LIMIT:
                self._failed.append(index)
                if pod.end is End.OUT_OF_MEMORY:
                    self._memory = MEMORY * 3 // 2
            else:
                self._held += 1
                pause = min(LONGEST_PAUSE, PAUSE * 2.0 ** (index.failures - 1))
                self._farm.at(now + pause, lambda: self._begin_again(index))
        self._fill()

    def _begin_again(self, index: _Index) -> None:
        self._held -= 1
        self._todo.insert(0, index)
        self._fill()


def chunks(frames: int) -> list[range]:
    """Frames from 1 on, cut into chunks."""
    return [range(first, min(first + CHUNK, frames + 1)) for first in range(1, frames + 1, CHUNK)]
