"""JobManager, and the two protocols that it works with: JobRepository and JobExecutor."""

from .context import current_job
from .executor import ExecutorError, JobExecutor, Listener
from .manager import JobManager, Watcher
from .queue import WorkQueue
from .repository import (
    AlreadyExistsError,
    ConflictError,
    DamagedStatusError,
    InvalidJobError,
    JobRepository,
    NotFoundError,
    RepositoryError,
)

__all__ = [
    "AlreadyExistsError",
    "ConflictError",
    "DamagedStatusError",
    "ExecutorError",
    "InvalidJobError",
    "JobExecutor",
    "JobManager",
    "JobRepository",
    "Listener",
    "NotFoundError",
    "RepositoryError",
    "Watcher",
    "WorkQueue",
    "current_job",
]
