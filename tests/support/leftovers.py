"""What is left to the garbage collector, which tells of it wherever it runs next: in another test, too."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_is_left() -> Iterator[None]:
    """Nothing that the block opened is open when it has ended."""
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(warning.message) for warning in told] == []
