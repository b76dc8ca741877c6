"""Jobs in a SQLite file: for local runs, shared by the processes of one machine (WAL).

Calls are made on the event loop's own thread: each is a single statement on a small local file, some tens of
microseconds, less than a hop to another thread and back would cost.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from renderjob.api import ObjectMeta, RenderJob, RenderJobSpec, RenderJobStatus
from renderjob.core import unreadable_in
from renderjob.manager import (
    AlreadyExistsError,
    ConflictError,
    DamagedStatusError,
    NotFoundError,
    RepositoryError,
)

from .identity import created, edited, observed_by
from .salvage import salvage, shown

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    uid TEXT PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    spec TEXT NOT NULL,
    status TEXT NOT NULL,
    UNIQUE (namespace, name)
)
"""
_COLUMNS = "uid, namespace, name, version, metadata, spec, status"

BUSY_SECONDS = 10.0
"""How long a write waits for another process's."""


class SQLiteJobRepository:
    """Keeps jobs in one file. Open it as an async context manager.

    A write names the version it is based on in its WHERE clause, so it is atomic and conditional by itself.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._known: dict[str, RenderJob] = {}
        """The last version seen of each job: read again from the file only when it is another."""
        self._unreadable: set[str] = set()
        """Jobs of which it was told that they can't be read."""

    async def __aenter__(self) -> Self:
        try:
            _make_private(self._path)
            db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            self._connection = db
            db.execute("PRAGMA journal_mode=WAL")
            # In WAL mode a commit survives the death of the process; only a power cut may take back the last.
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            await self.close()
            raise RepositoryError(f"the store {self._path} can't be opened: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def create(self, job: RenderJob) -> RenderJob:
        """Save a new job."""
        new = created(job, 1)
        meta = new.metadata
        with self._db("written") as db:
            try:
                db.execute(
                    "INSERT INTO jobs (namespace, name, uid, version, metadata, spec, status)"
                    " VALUES (?, ?, ?, 1, ?, ?, ?)",
                    (meta.namespace, meta.name, meta.uid, *_texts(new)),
                )
            except sqlite3.IntegrityError as error:
                raise AlreadyExistsError(f"{job.key} exists already") from error
        return new

    async def save(self, job: RenderJob) -> RenderJob:
        """Save metadata and spec."""
        new = edited(await self._current(job), job, _version(job) + 1)
        metadata, spec, _ = _texts(new)
        return self._update(job, new, "metadata = ?, spec = ?", metadata, spec)

    async def save_status(self, job: RenderJob) -> RenderJob:
        """Save the status."""
        new = observed_by(await self._current(job), job, _version(job) + 1)
        return self._update(job, new, "status = ?", new.status.model_dump_json())

    async def get(self, uid: str) -> RenderJob | None:
        """The job with this id, or None.

        Raises:
            DamagedStatusError: its status can't be read as a whole.
        """
        known = self._known.get(uid)
        if known is not None:
            with self._db("read") as db:
                row = db.execute("SELECT version FROM jobs WHERE uid = ?", (uid,)).fetchone()
            if row is not None and str(row[0]) == known.metadata.resource_version:
                return known
            self._known.pop(uid)
        return next(iter(self._select("WHERE uid = ?", uid, mended=False)), None)

    async def confirm(self, job: RenderJob) -> None:
        """Look whether this is the current version."""
        if (await self._current(job)).metadata.resource_version != job.metadata.resource_version:
            raise ConflictError(f"{job.key} was written by somebody else")

    async def find(self, namespace: str, name: str) -> RenderJob | None:
        """The job with this name, or None; of a damaged status with what of it can be read."""
        return next(iter(self._select("WHERE namespace = ? AND name = ?", namespace, name)), None)

    async def named(self, namespace: str, name: str) -> RenderJob | None:
        """The same: nothing is remembered of it."""
        return await self.find(namespace, name)

    async def list(self) -> list[RenderJob]:
        """All jobs, the oldest first, but those that can't be read: one of them must not hold up the others."""
        return self._select("ORDER BY rowid", skips=True)

    async def delete(self, uid: str) -> bool:
        """Remove a job."""
        self._known.pop(uid, None)
        with self._db("written") as db:
            return db.execute("DELETE FROM jobs WHERE uid = ?", (uid,)).rowcount > 0

    async def version(self) -> int:
        """Changes when another process has written; our own writes are known to whoever made them."""
        with self._db("read") as db:
            return int(db.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def _db(self, done: str) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            raise RepositoryError(f"the store {self._path} is not open")
        try:
            yield self._connection
        except sqlite3.Error as error:
            raise RepositoryError(f"the store {self._path} can't be {done}: {error}") from error

    async def _current(self, job: RenderJob) -> RenderJob:
        stored = next(iter(self._select("WHERE uid = ?", job.metadata.uid)), None)
        if stored is None:
            raise NotFoundError(f"{job.key} is not there any more")
        return stored

    def _update(self, job: RenderJob, new: RenderJob, assignments: str, *texts: str) -> RenderJob:
        uid, based_on = job.metadata.uid, _version(job)
        with self._db("written") as db:
            cursor = db.execute(
                f"UPDATE jobs SET {assignments}, version = version + 1 WHERE uid = ? AND version = ?",  # noqa: S608
                (*texts, uid, based_on),
            )
        if cursor.rowcount != 1:
            self._known.pop(uid, None)
            raise ConflictError(f"{job.key} was written by somebody else since version {based_on}")
        self._known[uid] = new
        return new

    def _select(self, where: str, *values: str, skips: bool = False, mended: bool = True) -> Jobs:
        """The jobs of a condition.

        Args:
            where: the condition, in SQL.
            values: what its question marks stand for.
            skips: whether those that can't be read are left out.
            mended: whether a job whose status is damaged is there with what of it can be read.
        """
        with self._db("read") as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM jobs {where}", values).fetchall()  # noqa: S608
        jobs = []
        for row in rows:
            try:
                job = self._job(*row)
                self._known[job.metadata.uid] = job
                jobs.append(job)
            except DamagedStatusError as error:
                if not mended:
                    raise
                jobs.append(error.job)
            except RepositoryError as error:
                if not skips:
                    raise
                if row[0] not in self._unreadable:
                    self._unreadable.add(row[0])
                    log.warning("%s", error)
        return jobs

    def _job(  # the columns, in their order
        self, uid: str, namespace: str, name: str, version: int, metadata: str, spec: str, status: str
    ) -> RenderJob:
        try:
            meta = ObjectMeta.model_validate_json(metadata)
            meta = meta.model_copy(update={"uid": uid, "resource_version": str(version)})
            model = RenderJobSpec.model_validate_json(spec)
        except Exception as error:
            # Of whatever kind: it is this job's trouble, and no other's.
            raise RepositoryError(
                f"{namespace}/{name} in the store {self._path} can't be read ({_first(error)}): another "
                "version of renderjob may have written it; run it under another --name, or with another --store"
            ) from error
        kept, damage = _status(status)
        job = RenderJob.model_construct(metadata=meta, spec=model, status=kept)
        if damage:
            raise DamagedStatusError(job, shown(damage))
        return job


def _status(text: str) -> tuple[RenderJobStatus, list[str]]:
    """A status, and what of it can't be read."""
    try:
        status = RenderJobStatus.model_validate_json(text)
        if not unreadable_in(status):
            return status, []
    except ValueError:
        pass
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        return RenderJobStatus(), [f"status: no JSON: {error}"[:300]]
    return salvage(raw)


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return f"{type(error).__name__}: {error}"[:300]
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _make_private(path: Path) -> None:
    """The file is its user's alone, whatever the umask: manifests hold the environment of renderers, keys included.

    SQLite gives the files beside it the rights of the file itself.

    Raises:
        OSError: it can't be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        # Closed at once, before there is a connection: closing it later would let go of that one's locks.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        # One that another version made was everybody's to read; somebody else's is left as it is.
        with suppress(FileNotFoundError, PermissionError):
            each.chmod(0o600)


Jobs = list[RenderJob]


def _version(job: RenderJob) -> int:
    return int(job.metadata.resource_version or 0)


def _texts(job: RenderJob) -> tuple[str, str, str]:
    return (
        job.metadata.model_dump_json(),
        job.spec.model_dump_json(exclude_none=True),
        job.status.model_dump_json(),
    )
