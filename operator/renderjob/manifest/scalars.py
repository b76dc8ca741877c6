"""Which words of YAML are numbers and truth values for the API server, for reading and for writing.

PyYAML follows YAML 1.1 by the letter; the API server's reader (sigs.k8s.io/yaml) does not: it has no dates
and no numbers in base 60, takes y and n for truth values, and 08, 1e3 and 0X1f for numbers. A manifest that
we write must quote whatever either of them would not read as a string.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float"))
_OTHERWISE = (":timestamp", ":int", ":float", ":value")

_INTEGER = re.compile(r"^[-+]?(?:0[bB][01_]+|0[oO]?[0-7_]+|0[xX][0-9a-fA-F_]+|0|[1-9][0-9_]*)$")
_DECIMAL = re.compile(
    r"^(?:[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_SHORT = re.compile(r"^[yYnN]$")

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class ManifestLoader(_BaseLoader):  # type: ignore[misc]  # the C loader is there or not
    """The safe loader, with the API server's idea of scalars."""


class ManifestDumper(_BaseDumper):  # type: ignore[misc]  # as above
    """The safe dumper; it quotes what the API server or PyYAML would not read as a string."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """A manifest is written out in full: people edit it."""
        return True


def _extend(kind: Any) -> None:
    kind.add_implicit_resolver(_INT, _INTEGER, list("-+0123456789"))
    kind.add_implicit_resolver(_FLOAT, _DECIMAL, list("-+0123456789."))
    kind.add_implicit_resolver(_BOOL, _SHORT, list("yYnN"))


# A copy: the resolvers are shared with PyYAML's own loaders.
ManifestLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(_OTHERWISE)]
    for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
}
_extend(ManifestLoader)
_extend(ManifestDumper)


def _integer(loader: Any, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "")
    sign, digits = (-1 if text.startswith("-") else 1), text.lstrip("+-")
    if digits.startswith("0") and digits.isdigit() and digits != "0":
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _number(loader: Any, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node)).replace("_", "").lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


def _truth(loader: Any, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in ("y", "yes", "true", "on")


ManifestLoader.add_constructor(_INT, _integer)
ManifestLoader.add_constructor(_FLOAT, _number)
ManifestLoader.add_constructor(_BOOL, _truth)


def dump_manifest(manifest: object) -> str:
    """YAML of a manifest (or of several, as a list's items), which every reader of YAML reads back alike.

    Use this and not `yaml.safe_dump`: that leaves the argument "0080" without quotes, and the API server then
    reads the number 80.
    """
    text: str = yaml.dump(manifest, Dumper=ManifestDumper, sort_keys=False, allow_unicode=True, width=110)
    return text
