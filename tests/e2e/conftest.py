"""A namespace for each test, with a volume and a pod that looks into it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest

from e2e.cluster import SYSTEM, KubectlError, Place, find_kubectl, kubectl
from e2e.volume import create_volume


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
