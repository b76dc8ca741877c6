"""Reading what a user wrote: a manifest's text becomes RenderJobs, or sentences that say what to change."""

from .errors import ManifestError, Problem
from .load import Loaded, load_file, load_manifests, load_resources, read_text
from .problems import problems_of
from .scalars import dump_manifest

__all__ = [
    "Loaded",
    "ManifestError",
    "Problem",
    "dump_manifest",
    "load_file",
    "load_manifests",
    "load_resources",
    "problems_of",
    "read_text",
]
