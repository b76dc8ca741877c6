"""Where jobs are kept: in memory, in a SQLite file, or as resources of a cluster."""

from .custom_resource import CustomResourceRepository
from .memory import InMemoryJobRepository
from .sqlite import SQLiteJobRepository

__all__ = ["CustomResourceRepository", "InMemoryJobRepository", "SQLiteJobRepository"]
