"""The operator: kopf watches RenderJobs, informers watch their children, JobManager decides, one process leads."""

from .kopf_adapter import BrokenOffError
from .run import run_operator
from .runtime import LeadershipLostError
from .settings import LogFormat, Settings

__all__ = ["BrokenOffError", "LeadershipLostError", "LogFormat", "Settings", "run_operator"]
