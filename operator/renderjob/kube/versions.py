"""resourceVersions: which of two is newer.

The API server's own are decimal numbers that grow with every write of the cluster. Those of an aggregated API
may be anything: of them nothing is known but whether they are equal.
"""

from __future__ import annotations


def supersedes(one: str, other: str) -> bool:
    """Whether `one` takes the place of `other`: it is another one, and not surely older. The last word counts."""
    return one != other and not is_newer(other, one)


def is_newer(one: str, other: str) -> bool:
    """Whether `one` is surely newer than `other`."""
    return one.isdecimal() and other.isdecimal() and int(one) > int(other)
