"""FairQueue: whose turn it is, where thousands of requests of one user must not delay the single one of another."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Items by path, such as (namespace, job). At each level of the path those that have items take turns.

    Of one path the first item comes first. An item waits for at most one other of each group beside its own, at each
    level, before the next of its own group is due.
    """

    def __init__(self) -> None:
        self._groups: OrderedDict[Hashable, FairQueue[T]] = OrderedDict()
        self._items: deque[T] = deque()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def push(self, path: Sequence[Hashable], item: T) -> None:
        """Add an item; paths of one queue have one length."""
        self._size += 1
        if not path:
            self._items.append(item)
            return
        group = self._groups.get(path[0])
        if group is None:
            group = self._groups[path[0]] = FairQueue()
        group.push(path[1:], item)

    def pop(self) -> T:
        """Take the item whose turn it is.

        Raises:
            IndexError: there is none.
        """
        if not self._groups:
            item = self._items.popleft()
        else:
            key, group = next(iter(self._groups.items()))
            item = group.pop()
            if group:
                self._groups.move_to_end(key)
            else:
                del self._groups[key]
        self._size -= 1
        return item
