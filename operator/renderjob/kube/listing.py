"""Lister: the objects of a collection, one by one, as an informer and a resync read them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from .api import PAGE, KubeApi, Object
from .errors import ApiError, UnreachableError


class Lister:
    """Lists a collection in pages; in one piece, once it took longer than the server remembers its beginning."""

    def __init__(
        self, api: KubeApi, path: str, *, page: int = PAGE, query: Mapping[str, Any] | None = None
    ) -> None:
        self.version: str | None = None
        """The resourceVersion of the last list that came to its end."""
        self._api = api
        self._path = path
        self._page = page
        self._query = dict(query or {})

    async def objects(self) -> AsyncGenerator[Object]:
        """All objects. Close it where it is not read to its end (`contextlib.aclosing`).

        Raises:
            KubeError: what came until then is not all.
        """
        version = None
        try:
            async with aclosing(self._api.list_pages(self._path, limit=self._page, **self._query)) as pages:
                async for page in pages:
                    version = _version(page)
                    for raw in page.get("items") or ():
                        yield raw
        except ApiError as error:
            if error.gone:
                self._page = 0
            raise
        self.version = version


def _version(page: Object) -> str:
    try:
        version: str = page["metadata"]["resourceVersion"]
    except (KeyError, TypeError) as error:
        raise UnreachableError("the answer is no list") from error
    return version
