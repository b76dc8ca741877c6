"""Attempts as Kubernetes Jobs. Others take what is here, and import no module of it."""

from .children import our_jobs, our_pods
from .executor import KubernetesExecutor, job_informer, pod_informer
from .logs import LogFollower
from .manifests import job_manifest
from .names import ANNOTATION_FRAMES, LABEL_ATTEMPT, LABEL_CHUNK, LABEL_KIND, LABEL_UID
from .observation import SUSPENDED
from .pods import template_pod
from .previews import PREVIEW_CONTAINER, PREVIEW_DEADLINE, preview_manifest
from .views import JobView, PodView, held_up_by, read_job_view, read_pod_view

__all__ = [
    "ANNOTATION_FRAMES",
    "LABEL_ATTEMPT",
    "LABEL_CHUNK",
    "LABEL_KIND",
    "LABEL_UID",
    "PREVIEW_CONTAINER",
    "PREVIEW_DEADLINE",
    "SUSPENDED",
    "JobView",
    "KubernetesExecutor",
    "LogFollower",
    "PodView",
    "held_up_by",
    "job_informer",
    "job_manifest",
    "our_jobs",
    "our_pods",
    "pod_informer",
    "preview_manifest",
    "read_job_view",
    "read_pod_view",
    "template_pod",
]
