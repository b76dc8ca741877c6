"""What running attempts print: followed for their progress, or peeked at where nobody follows."""

from .follow import LogFollower
from .live import LiveLog, LiveLogs, NoLogs

__all__ = ["LiveLog", "LiveLogs", "LogFollower", "NoLogs"]
