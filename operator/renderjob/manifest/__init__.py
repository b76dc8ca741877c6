"""Reading what a user wrote: a manifest's text becomes RenderJobs, or sentences that say what to change."""

from .errors import ManifestError, Problem
from .load import load_file, load_manifests
from .problems import problems_of
from .scalars import dump_manifest

__all__ = ["ManifestError", "Problem", "dump_manifest", "load_file", "load_manifests", "problems_of"]
