"""A namespace for each test, with a volume and a pod that looks into it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from xdist.scheduler import LoadScopeScheduling

from e2e.cluster import SYSTEM, KubectlError, Place, find_kubectl, kubectl
from e2e.volume import create_volume

ALONE = ("test_e2e_operator.py::", "test_e2e_progress.py::")
"""Of the tests in these files only one runs at a time: some kill operators, and others watch what one tells."""


class _OneOfThose(LoadScopeScheduling):
    """Spreads tests over workers, but for those, which one worker gets.

    xdist's marks of groups are not heeded with pytest 9.2: a test's id is computed anew there.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "alone" if any(file in nodeid for file in ALONE) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """The scheduler of a run with several workers."""
    return _OneOfThose(config, log)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def installed() -> None:
    """The operator answers in the cluster of KUBECONFIG: `make e2e` has seen to that."""
    try:
        assert find_kubectl() is not None, "kubectl is not on PATH"
        kubectl("--namespace", SYSTEM, "rollout", "status", "deployment/renderjob-operator", "--timeout=60s")
    except (AssertionError, KubectlError) as error:
        pytest.exit(f"no operator to test: {error}; `make e2e` installs one", returncode=1)


@pytest.fixture
def place(installed: None, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A new namespace with the volume `renders`; removed after the test."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")[:40]
    name = f"e2e-{words.strip('-')}-{uuid.uuid4().hex[:6]}"
    kubectl("create", "namespace", name)
    place = Place(name)
    try:
        create_volume(place)
        yield place
    finally:
        kubectl("delete", "namespace", name, "--wait=false")
