"""A manager in a process of its own, to be killed: runs the jobs of a farm's store until they end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from renderjob.executors.local import LocalExecutor, Store
from renderjob.manager import JobManager
from renderjob.repositories import SQLiteJobRepository


async def main(directory: Path) -> None:
    store = Store(directory / "store")
    async with (
        SQLiteJobRepository(store.database) as repository,
        LocalExecutor(store) as executor,
        JobManager(repository, executor) as manager,
    ):
        for job in await repository.list():
            await manager.wait(job.metadata.uid)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
