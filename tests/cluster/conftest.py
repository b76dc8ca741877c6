"""Tests against a real control plane; see tests/harness."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from harness import ControlPlane
from harness.fixtures import control_plane, namespace
from support.cluster import ClusterFarm, cluster_farm

__all__ = ["control_plane", "namespace"]


@pytest.fixture(scope="session")
def farm(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterFarm]:
    """A namespace and an operator that many tests share, each with RenderJobs of its own."""
    name = f"farm-{uuid.uuid4().hex[:8]}"
    control_plane.create_namespace(name)
    with cluster_farm(control_plane, name, tmp_path_factory.mktemp("farm")) as farm:
        yield farm


@pytest.fixture
def own_farm(control_plane: ControlPlane, namespace: str, tmp_path) -> Iterator[ClusterFarm]:
    """A namespace and an operator of a test's own, for what would disturb others."""
    with cluster_farm(control_plane, namespace, tmp_path) as farm:
        yield farm
