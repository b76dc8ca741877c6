"""A real control plane for tests: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok for nodes."""

from __future__ import annotations

from .binaries import MissingBinariesError, find_binaries
from .control_plane import ControlPlane
from .kubectl import KubectlError

__all__ = ["ControlPlane", "KubectlError", "MissingBinariesError", "find_binaries"]
