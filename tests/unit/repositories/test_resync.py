"""All RenderJobs are listed, whatever becomes of a list on its way."""

from __future__ import annotations

import pytest

from renderjob.manager import RepositoryError
from renderjob.repositories import CustomResourceRepository
from support.fake_api import FakeApi, refusal
from support.jobs import manifest
from support.writes import RENDERJOBS


async def test_a_list_that_is_too_long_for_the_server_s_memory_is_read_whole_the_next_time(monkeypatch):
    async with FakeApi() as server, server.api() as api:
        for name in ("a", "b", "c"):
            server.put(RENDERJOBS, name, spec=manifest()["spec"])
        monkeypatch.setattr("renderjob.kube.api.PAGE_BYTES", 700)
        server.fail(410, refusal(410, "Expired"), matches=lambda r: "continue" in r.query, times=100)
        repository = CustomResourceRepository(api, cached=True)
        with pytest.raises(RepositoryError):
            await repository.resync()
        assert repository.trouble
        assert len(await repository.resync() | repository.uids()) == 3
        assert not repository.trouble
