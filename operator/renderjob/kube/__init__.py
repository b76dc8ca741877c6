"""The layer that talks to an API server: requests, informers, a limit on writes, leader election, events.

It knows nothing of RenderJobs.
"""

from .api import KubeApi, Object
from .cluster import Cluster, find_cluster
from .election import LeaderElection
from .errors import ApiError, KubeError, NoClusterError, NotAllowedError, UnreachableError
from .events import EventRecorder
from .informer import Event, Handler, Informer
from .limiter import WriteLimiter
from .listing import Lister
from .mergepatch import merge_diff

__all__ = [
    "ApiError",
    "Cluster",
    "Event",
    "EventRecorder",
    "Handler",
    "Informer",
    "KubeApi",
    "KubeError",
    "LeaderElection",
    "Lister",
    "NoClusterError",
    "NotAllowedError",
    "Object",
    "UnreachableError",
    "WriteLimiter",
    "find_cluster",
    "merge_diff",
]
