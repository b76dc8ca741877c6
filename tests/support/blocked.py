"""What waits, from the words that a person reads: `ImagePullBackOff: no such image`."""

from renderjob.api import WaitReason
from renderjob.core.blocked import Blocked, blocked

QUEUED = Blocked(WaitReason.QUEUED, "Suspended: a queue has not admitted it yet")


def blocked_by(words: str) -> Blocked:
    reason, _, message = words.partition(": ")
    return QUEUED if reason == "Suspended" else blocked(reason, message)
