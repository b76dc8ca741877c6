"""Tests against a real control plane; see tests/harness."""

from __future__ import annotations

from harness.fixtures import control_plane, namespace

__all__ = ["control_plane", "namespace"]
