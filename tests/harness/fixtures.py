"""pytest fixtures: the session's control plane, and a namespace of a test's own."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator

import pytest

from .binaries import MissingBinariesError
from .control_plane import ControlPlane
from .sharing import shared


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with the CRD and three nodes: one for the whole session, whatever the number of workers."""
    base, owner = tmp_path_factory.getbasetemp(), os.getpid()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base, owner = base.parent, os.getppid()
    try:
        with shared(base / "control-plane", owner) as plane:
            yield plane
    except MissingBinariesError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[str]:
    """A new namespace, in which pods can be made; removed after the test, with all that is in it."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    name = f"{words}-{uuid.uuid4().hex[:8]}"
    control_plane.create_namespace(name)
    yield name
    control_plane.api("DELETE", f"/api/v1/namespaces/{name}")
