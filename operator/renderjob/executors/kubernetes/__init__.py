"""Attempts as Kubernetes Jobs."""

from .executor import KubernetesExecutor, job_informer, pod_informer
from .follow import LogFollower
from .views import JobView, PodView

__all__ = ["JobView", "KubernetesExecutor", "LogFollower", "PodView", "job_informer", "pod_informer"]
