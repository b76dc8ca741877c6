"""Where jobs are kept when there is no cluster: in memory, or in a SQLite file."""

from .memory import InMemoryJobRepository
from .sqlite import SQLiteJobRepository

__all__ = ["InMemoryJobRepository", "SQLiteJobRepository"]
