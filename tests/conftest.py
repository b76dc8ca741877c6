"""What holds for all tests: no example of a property is too slow, since no test asserts a time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("renderjob", deadline=None)
settings.load_profile("renderjob")
