"""From a Helios JobSpec to a RenderJob manifest that runs the same commands and writes the same files."""

from .errors import ConvertError
from .jobspec import has_id, left_out
from .manifest import PLACEHOLDER_IMAGE, convert_jobspec
from .names import job_name

__all__ = ["PLACEHOLDER_IMAGE", "ConvertError", "convert_jobspec", "has_id", "job_name", "left_out"]
