"""What holds for all tests: no example of a property is too slow, since no test asserts a time, and what a test leaves
to the garbage collector is its own failure."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("support.suites")
settings.register_profile("renderjob", deadline=None)
settings.load_profile("renderjob")

# A shell that starts the tests in the background has them ignore these, and so would every process they start and
# mean to interrupt (what ignores SIGHUP under nohup is right to).
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not go through it after each test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_is_left_to_others() -> Iterator[None]:
    """A socket, a process or a coroutine that nobody has closed warns when it is collected, and a warning is an error:
    of this test, not of one that comes later. Made before all else a test asks for, this ends after it."""
    yield
    gc.collect()
