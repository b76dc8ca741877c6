"""Data structures that know nothing of renders, of clusters, or of each other."""

from .fair import FairQueue

__all__ = ["FairQueue"]
