"""The layer that talks to an API server: requests, informers, a write limiter. It knows nothing of RenderJobs."""

from .api import KubeApi, Object
from .cluster import Cluster, find_cluster
from .errors import ApiError, KubeError, NoClusterError, UnreachableError
from .informer import Event, Handler, Informer
from .limiter import WriteLimiter
from .mergepatch import merge_diff

__all__ = [
    "ApiError",
    "Cluster",
    "Event",
    "Handler",
    "Informer",
    "KubeApi",
    "KubeError",
    "NoClusterError",
    "Object",
    "UnreachableError",
    "WriteLimiter",
    "find_cluster",
    "merge_diff",
]
from .election import *
from .events import *
