"""The few requests that the harness itself makes of an API server: JSON over HTTP, with a bearer token."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from renderjob.kube.reading import read_json

from .waiting import patient


class ApiError(Exception):
    """The server said no; `code` is the HTTP status."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


class Api:
    """A server's address and what it takes to be let in."""

    def __init__(self, url: str, token: str = "", authority: Path | None = None) -> None:
        self.url = url
        self._token = token
        self._authority = authority

    def __call__(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Make a request; the answer as an object, empty when it is no JSON object. A body of bytes is sent as it is.

        Raises:
            ApiError: the server answered with an error.
            OSError: no answer.
        """
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {self._token}")
        if body is not None:
            request.add_header("Content-Type", content_type)
            request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
        context = ssl.create_default_context(cafile=str(self._authority)) if self._authority else None
        try:
            with urllib.request.urlopen(request, timeout=patient(30), context=context) as answer:
                return _object(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            raise ApiError(error.code, _object(text.encode()).get("message", text)) from None


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = read_json(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
