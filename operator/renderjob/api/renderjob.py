"""The RenderJob resource as a whole."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from .base import ApiModel, cel
from .meta import MAX_NAME, ObjectMeta
from .spec import RenderJobSpec
from .status import RenderJobStatus

GROUP = "renderjob.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "RenderJob"


class RenderJob(ApiModel):
    """A video, rendered in chunks."""

    model_config = ConfigDict(
        json_schema_extra=cel(
            (
                f"self.metadata.name.size() <= {MAX_NAME}",
                f"metadata.name must be at most {MAX_NAME} characters: it becomes a label of every pod",
            )
        )
    )

    api_version: Literal["renderjob.dev/v1alpha1"] = "renderjob.dev/v1alpha1"
    """The version of this schema."""
    kind: Literal["RenderJob"] = "RenderJob"
    """The kind of this resource."""
    metadata: ObjectMeta
    """Name, labels, identity."""
    spec: RenderJobSpec
    """What to render."""
    status: RenderJobStatus = Field(default_factory=RenderJobStatus)
    """What is known of it."""

    @property
    def key(self) -> str:
        """`namespace/name`, as work queues and logs name it."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def is_observed(self) -> bool:
        """Whether the status speaks of the spec as it is now."""
        return self.status.observed_generation == self.metadata.generation
