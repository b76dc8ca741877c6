"""`$(NAME)` in a command, an argument or a variable's value, exactly as Kubernetes replaces it.

Rules (kubernetes/third_party/forked/golang/expansion, described in the API reference of Container.command):
`$(NAME)` becomes the variable's value; of an unknown name the reference stays as it is; `$$` becomes `$` and
shields what follows, so `$$(NAME)` becomes the text `$(NAME)`; any other `$` stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Left to right: an escaped dollar; a reference up to the first closing bracket; what is neither stays.
_TOKEN = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`text` with its references replaced; what a value contains is not looked at again."""

    def replaced(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "$"
        return variables.get(name, match[0])

    return _TOKEN.sub(replaced, text)
