"""Data structures that know nothing of renders, of clusters, or of each other."""

from .backoff import Backoff, exponential
from .fair import FairQueue
from .shares import Shares
from .sized import SizedCache

__all__ = ["Backoff", "FairQueue", "Shares", "SizedCache", "exponential"]
