"""What an API server, or the way to it, can answer instead of what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

_TRANSIENT = frozenset({401, 408, 429})
_PERMANENT = frozenset({400, 403, 404, 405, 413, 422})

LONGEST_RETRY_AFTER = 60.0
"""Seconds that are waited at most because an answer asks for it: it may be a webhook's, and all wait for it."""


class KubeError(Exception):
    """The API server did not do what it was asked."""

    retry_after: float | None = None
    """Seconds that the server asks to wait; None when it does not say."""

    @property
    def transient(self) -> bool:
        """Whether the same request may well succeed in a while."""
        return False

    @property
    def permanent(self) -> bool:
        """Whether the same request will fail until somebody changes something."""
        return False


class NoClusterError(KubeError):
    """No API server is known, or what a kubeconfig says of it can't be used."""

    @property
    def permanent(self) -> bool:
        """Somebody has to say where the cluster is."""
        return True


class NotAllowedError(KubeError):
    """Not sent, since this process may not write."""


class UnreachableError(KubeError):
    """The network failed or time ran out. Whether a write was done can't be known."""

    @property
    def transient(self) -> bool:
        """Networks come back."""
        return True


class ApiError(KubeError):
    """The API server refused, with a Status that says why."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status."""
        self.reason = reason
        """One of Kubernetes' words, such as AlreadyExists, Conflict, Invalid; empty when there was no Status."""
        self.message = message
        """The server's own sentence."""
        self.details: Mapping[str, Any] = details or {}
        """The Status' details: kind and name of what it is about, `causes`."""
        self.retry_after = retry_after

    @classmethod
    def from_status(
        cls, status: Mapping[str, Any], code: int = 0, retry_after: float | None = None
    ) -> ApiError:
        """Read a Status object; `code` is the HTTP status, for a Status that names none."""
        details = status.get("details") or {}
        if retry_after is None and details.get("retryAfterSeconds"):
            retry_after = _bounded(details["retryAfterSeconds"])
        number = int(status.get("code") or code)
        message = str(status.get("message") or f"the API server answered {number}")
        return cls(number, str(status.get("reason") or ""), message, details, retry_after)

    @classmethod
    def from_response(cls, code: int, body: bytes, headers: Mapping[str, str]) -> ApiError:
        """Read an answer that is not a success: a Status, or whatever stands between us and the server sends."""
        seconds = headers.get("Retry-After", "")
        retry_after = _bounded(seconds) if seconds.isdecimal() else None
        try:
            status = from_json(body)
        except ValueError:
            status = None
        if isinstance(status, dict) and status.get("kind") == "Status":
            return cls.from_status(status, code, retry_after)
        text = " ".join(body[:500].decode(errors="replace").split())
        return cls(code, "", f"HTTP {code}: {text}" if text else f"HTTP {code}", None, retry_after)

    @property
    def transient(self) -> bool:
        """Throttled, timed out, the server's own trouble, or a credential that is being renewed.

        A quota that was written by two at once answers 409 Conflict to a create: that passes as well.
        """
        return (
            self.status in _TRANSIENT
            or self.status >= 500
            or (self.conflict and self.details.get("kind") == "resourcequotas")
        )

    @property
    def permanent(self) -> bool:
        """Refused for good: forbidden, over quota, invalid, or there is no such place (namespace, resource)."""
        return self.status in _PERMANENT and not self.conflict

    @property
    def throttled(self) -> bool:
        """The server has too much to do."""
        return self.status == 429

    @property
    def not_found(self) -> bool:
        """The object, its namespace or its kind is not there."""
        return self.status == 404

    @property
    def already_exists(self) -> bool:
        """An object of this name is there, maybe still being deleted."""
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        """The object is not the one, or not the version, that the request was meant for."""
        if self.status == 422:
            # This is how a patch that names another uid is answered.
            return any(cause.get("field") == "metadata.uid" for cause in self.details.get("causes") or ())
        return self.status == 409 and self.reason != "AlreadyExists"

    @property
    def gone(self) -> bool:
        """The resourceVersion or `continue` token is too old: list anew."""
        return self.status == 410

    def __str__(self) -> str:
        return f"{self.message} ({self.status} {self.reason})" if self.reason else self.message


def _bounded(seconds: Any) -> float | None:
    try:
        return max(0.0, min(float(seconds), LONGEST_RETRY_AFTER))
    except (TypeError, ValueError, OverflowError):
        return None
