"""RenderJob: the render farm that is only a Kubernetes resource."""

__version__ = "0.1.0"
