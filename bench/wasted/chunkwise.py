"""Chunk-level retries, as render farms do: a chunk is a task, and a task that failed is done again as a whole.

- A failed task is tried again at once, without limit, first of all on another node than where it failed.
- A node on which three tasks failed gets none of this job any more, as Flamenco does; or, with `any_node`, it does,
  as OpenCue has it.
- Disruptions cost no try, and the whole task.
- Out of memory: somebody raises the memory, once, and the task is tried again. (Other tasks go on meanwhile.)
- An edit that adds frames adds tasks; tasks that are done stay done, tasks that run go on.
- The farm's manager may be killed: its workers go on, and it loses nothing.
"""

from __future__ import annotations

from collections import Counter

from .farm import End, Farm, Pod
from .indexed import chunks
from .scenario import MEMORY, NODES, PERSON, SLOTS, Scenario

BLOCKED_AFTER = 3


class ChunkwiseFarm:
    """Drives tasks until all are done."""

    def __init__(self, farm: Farm, scenario: Scenario, *, any_node: bool = False) -> None:
        self._farm = farm
        self._blocks = not any_node
        self._memory = MEMORY
        self._todo = chunks(scenario.frames)
        self._tried: dict[range, frozenset[str]] = {}
        """Nodes on which a task failed."""
        self._failures: Counter[str] = Counter()
        self._pods: dict[Pod, range] = {}
        self._held = 0
        """Tasks that wait for somebody."""
        self.helped = 0
        """How often somebody had to act by hand."""
        self._edits = 1 if scenario.edited else 0
        if scenario.edited:
            farm.at(scenario.halfway, lambda: self._edit(scenario))
        self._fill()

    @property
    def finished(self) -> bool:
        return not (self._todo or self._pods or self._held or self._edits)

    def _edit(self, scenario: Scenario) -> None:
        self._edits = 0
        self._todo += chunks(scenario.asked)[len(chunks(scenario.frames)) :]
        self._fill()

    def _fill(self) -> None:
        while self._todo and len(self._pods) < NODES * SLOTS:
            task = self._todo.pop(0)
            blocked = self._blocked()
            shun = self._tried.get(task, frozenset())
            pod = Pod(task, self._memory, self._ended, avoid=blocked, shun=shun)
            self._pods[self._farm.submit(pod)] = task

    def _blocked(self) -> frozenset[str]:
        failures = self._failures.items() if self._blocks else ()
        return frozenset(node for node, n in failures if n >= BLOCKED_AFTER)

    def _ended(self, pod: Pod) -> None:
        task = self._pods.pop(pod)
        if pod.end is End.OUT_OF_MEMORY:
            self._held += 1
            self._farm.at(self._farm.now + PERSON, lambda: self._raised(task))
        elif pod.end is not End.DONE:
            if pod.end is End.ERROR:
                self._failures[pod.node] += 1
                self._tried[task] = self._tried.get(task, frozenset()) | {pod.node}
            self._todo.insert(0, task)
        self._fill()

    def _raised(self, task: range) -> None:
        self._memory = MEMORY * 3 // 2
        self.helped += 1
        self._held -= 1
        self._todo.insert(0, task)
        self._fill()
