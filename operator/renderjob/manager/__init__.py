"""JobManager, and the two protocols that it works with: JobRepository and JobExecutor."""

from .budget import Budget
from .context import current_job
from .executor import ExecutorError, JobExecutor, Listener
from .lane import Lane, TookTooLongError
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
    TooLargeError,
)

__all__ = [
    "AlreadyExistsError",
    "Budget",
    "ConflictError",
    "DamagedStatusError",
    "ExecutorError",
    "InvalidJobError",
    "JobExecutor",
    "JobManager",
    "JobRepository",
    "Lane",
    "Listener",
    "NotFoundError",
    "RepositoryError",
    "TooLargeError",
    "TookTooLongError",
    "Watcher",
    "WorkQueue",
    "current_job",
]
