"""What can be set about the operator: by flags, or by environment variables that begin with RENDERJOB_."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from renderjob import __version__

ENV_PREFIX = "RENDERJOB_"


class LogFormat(StrEnum):
    """How log lines look."""

    JSON = "json"
    TEXT = "text"


class Settings(BaseSettings):
    """The operator's settings; a flag wins over its environment variable."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    kubeconfig: str | None = None
    """A kubeconfig; without it $KUBECONFIG, ~/.kube/config, or the cluster around this process."""
    context: str | None = None
    """A context of the kubeconfig."""
    namespace: str | None = None
    """The only namespace to work in; without it, all."""
    image: str | None = None
    """The image of merges and verifications; without it, the one that this pod runs."""
    default_image: str = f"renderjob:{__version__}"
    """The same, where nothing tells which image this is."""
    workers: Annotated[int, Field(ge=1, le=1000)] = 32
    """RenderJobs that are reconciled concurrently."""
    writes_per_second: Annotated[float, Field(gt=0)] = 100.0
    """Writes to the API server, at most, in the long run; fewer while it is busy."""
    write_burst: Annotated[int, Field(ge=1)] = 200
    """Writes at once after a quiet time."""
    pace: Annotated[float, Field(ge=0)] = 1.0
    """Seconds between two writes of one RenderJob's status, at least."""
    look_seconds: Annotated[float, Field(gt=0)] = 0.5
    """Seconds of computing that a reconciliation may take; a RenderJob that takes more waits ever longer."""
    resync: Annotated[float, Field(ge=1)] = 600.0
    """Seconds between full relists, which recover missed watch events."""
    logs_followed: Annotated[int, Field(ge=0)] = 64
    """Logs of running chunks that are followed at a time, for their progress; RenderJobs share them. 0 follows none."""
    log_patience: Annotated[float, Field(ge=0)] = 8.0
    """Seconds that a chunk runs before its log is followed."""
    health_address: str = "0.0.0.0"  # noqa: S104
    """Where /healthz, /readyz and /metrics are answered."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """The port for them; 0 takes a free one."""
    stale_after: Annotated[float, Field(gt=0)] = 240.0
    """Seconds without an answer from the API server, and without a request that failed, after which the process counts
    as dead."""
    stuck_after: Annotated[float, Field(ge=1)] = 120.0
    """Seconds that the process may stand still before it gives the lease back and ends, to begin anew."""
    leader_elect: bool = True
    """Whether to wait until this is the only one that works."""
    lease_name: str = "renderjob-operator"
    """The Lease that the leader holds."""
    lease_namespace: str | None = None
    """Where it lies; without it, the namespace that this pod, or the kubeconfig, is in."""
    lease_seconds: Annotated[float, Field(ge=2)] = 15.0
    """How long a leader that stopped renewing keeps the lead."""
    identity: str | None = None
    """Who this is, in the Lease; without it, the host's name and something random."""
    log_format: LogFormat = LogFormat.TEXT
    """How log lines look."""
    log_level: str = "INFO"
    """The least severe lines that are shown."""
    pod_name: str | None = None
    """This pod's name, from the downward API."""
    pod_namespace: str | None = None
    """This pod's namespace, from the downward API."""
