"""Values that a schema allows, and that nobody would think of: made from the CRD's own schema, by a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CRD = Path(__file__).parents[2] / "crds" / "renderjobs.renderjob.dev.yaml"

Schema = dict[str, Any]

ODD_TEXTS = (
    *("", " ", "\u0000", "\u202e\u202d", "é" * 40, "🎬🎞", "a\nb\rc\td", "\x1b[31m", "../../..", "/", "-"),
    *("$(NAME)", "$$(RENDER_START)", "%0999999999d.png", "####.png", "%", "#" * 200, "{}", "[[[[", '"'),
    *(
        "(a+)+$",
        "(?P<n>",
        "a{99999999999999999999}",
        "(" * 200 + ")" * 200,
        "\\",
        "(?i)[z-a]",
        "\\1",
        "(?=a)b",
    ),
    *("null", "true", "1e400", "9" * 400, "-0", "0x1f", "NaN", "1_000", "٣", "9Ei", "1n", "100000Gi", ".5"),
)
ODD_FIELDS = (
    *("affinity", "securityContext", "tolerations", "nodeSelector", "hostNetwork", "dnsConfig", "overhead"),
    *("initContainers", "ephemeralContainers", "imagePullSecrets", "restartPolicy", "activeDeadlineSeconds"),
    *("priorityClassName", "schedulerName", "serviceAccountName", "hostAliases", "status", "name", "labels"),
    *("envFrom", "ports", "lifecycle", "livenessProbe", "terminationMessagePolicy", "subPathExpr", "x", "é"),
    *(
        "annotations",
        "finalizers",
        "ownerReferences",
        "volumeMounts",
        "memory",
        "cpu",
        "emptyDir",
        "schedulingGates",
    ),
)
ODD_NUMBERS = (0, 1, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63), 0.5, 1e308, -1e-300)


@cache
def crd_schema() -> Schema:
    """The schema of a RenderJob in the CRD."""
    definition = yaml.safe_load(CRD.read_text())
    schema: Schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


class Odd:
    """Makes odd values; the same seed makes the same ones."""

    def __init__(self, seed: int, *, deepest: int = 120, longest: int = 2_000) -> None:
        """`deepest` is how deep nested values are at most, `longest` how long a text."""
        self.random = random.Random(seed)
        self._deepest = deepest
        self._longest = longest

    def renderjob(self, name: str) -> Schema:
        """A RenderJob with the usual manifest, in which a few fields are odd."""
        spec = crd_schema()["properties"]["spec"]
        usual: Schema = {
            "frames": "1-10",
            "template": {
                "spec": {"containers": [{"name": "render", "image": "example/none:1", "command": ["x"]}]}
            },
        }
        optional = list(spec["properties"])
        for field in self.random.sample(optional, self.random.choice((1, 1, 2, 3, 6))):
            usual[field] = self.value(spec["properties"][field])
        return {
            "apiVersion": "renderjob.dev/v1alpha1",
            "kind": "RenderJob",
            "metadata": {"name": name},
            "spec": usual,
        }

    def status(self) -> Schema:
        """A status in which a few fields are odd, or any may be."""
        schema = crd_schema()["properties"]["status"]
        if self.random.random() < 0.3:
            return self._object(schema)
        names = self.random.sample(list(schema["properties"]), self.random.choice((1, 1, 2, 4)))
        return {name: self.value(schema["properties"][name]) for name in names}

    def value(self, schema: Schema) -> Any:
        """A value that the schema allows, but for its rules."""
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if schema.get("x-kubernetes-int-or-string"):
            return self._text(schema) if self.random.random() < 0.6 else self._integer(schema)
        makers: dict[str, Callable[[Schema], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": self._text,
            "integer": self._integer,
            "number": lambda s: self.random.uniform(s.get("minimum", -1e12), s.get("maximum", 1e12)),
            "boolean": lambda _: self.random.random() < 0.5,
        }
        maker = makers.get(schema.get("type", ""))
        return maker(schema) if maker else self.anything()

    def anything(self, levels: int = 3) -> Any:
        """Whatever JSON can say."""
        kind = self.random.randrange(8 if levels else 5)
        if kind == 7:
            return self.nested()
        if kind >= 5:
            some = range(self.random.randrange(4))
            if kind == 5:
                return [self.anything(levels - 1) for _ in some]
            return {self.random.choice(ODD_FIELDS): self.anything(levels - 1) for _ in some}
        return self.random.choice((None, True, self.random.choice(ODD_NUMBERS), self._odd_text(), "oops"))

    def nested(self) -> Any:
        """Something deep."""
        value: Any = self.random.choice(ODD_NUMBERS)
        for _ in range(self.random.choice((5, 40, self._deepest))):
            value = {"a": value} if self.random.random() < 0.5 else [value]
        return value

    def _object(self, schema: Schema) -> Schema:
        made: Schema = {}
        required = schema.get("required", ())
        for name, inner in schema.get("properties", {}).items():
            if name in required or self.random.random() < 0.35:
                made[name] = self.value(inner)
        if "additionalProperties" in schema:
            for _ in range(self.random.randrange(3)):
                made[self._odd_text()] = self.value(schema["additionalProperties"])
        if schema.get("x-kubernetes-preserve-unknown-fields") and self.random.random() < 0.6:
            for field in self.random.sample(ODD_FIELDS, self.random.choice((1, 1, 3))):
                made.setdefault(field, self.anything())
        return made

    def _array(self, schema: Schema) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", 100)
        count = self.random.choice((least, least + 1, 2, 3, min(most, 20)))
        made = [self.value(schema["items"]) for _ in range(max(least, min(count, most)))]
        if schema.get("x-kubernetes-list-type") == "map":
            keys = schema["x-kubernetes-list-map-keys"]
            made = list({tuple(item.get(key) for key in keys): item for item in made}.values())
        return made

    def _integer(self, schema: Schema) -> int:
        low, high = schema.get("minimum", -(2**63)), schema.get("maximum", 2**63 - 1)
        if schema.get("format") == "int32":
            low, high = max(low, -(2**31)), min(high, 2**31 - 1)
        small = self.random.randint(0, 12)
        return int(
            min(
                high,
                max(low, self.random.choice((low, high, 0, 1, small, small, self.random.randint(low, high)))),
            )
        )

    def _text(self, schema: Schema) -> str:
        most = min(schema.get("maxLength", self._longest), self._longest)
        if schema.get("format") == "date-time":
            return self.random.choice(
                (
                    "2026-01-01T00:00:00Z",
                    "0001-01-01T00:00:00Z",
                    "9999-12-31T23:59:59Z",
                    "2026-11-28T12:00:00.5+14:00",
                )
            )
        if "pattern" in schema:
            for _ in range(20):
                made = "".join(self._fitting(re._parser.parse(schema["pattern"])))  # type: ignore[attr-defined]
                if schema.get("minLength", 0) <= len(made) <= most:
                    return made
            return "".join(self._fitting(re._parser.parse(schema["pattern"]), few=True))  # type: ignore[attr-defined]
        return (self._odd_text() or "x")[:most]

    def _odd_text(self) -> str:
        text = self.random.choice((*ODD_TEXTS, "oops", "render"))
        return text * (self._longest // len(text)) if text and self.random.random() < 0.05 else text

    def _fitting(self, parsed: Any, *, few: bool = False) -> Iterator[str]:
        """Pieces of a text that an expression fits: those that occur in a schema, and no others."""
        for kind, what in parsed:
            name = str(kind)
            if name == "LITERAL":
                yield chr(what)
            elif name == "IN":
                yield self._one_of(what)
            elif name == "BRANCH":
                yield from self._fitting(self.random.choice(what[1]), few=few)
            elif name == "SUBPATTERN":
                yield from self._fitting(what[3], few=few)
            elif name == "MAX_REPEAT":
                low, high, inner = what
                high = min(int(high), low + (1 if few else self.random.choice((1, 3, 12, 40))))
                for _ in range(self.random.randint(low, high)):
                    yield from self._fitting(inner, few=few)
            elif name != "AT":
                raise AssertionError(f"a pattern with {name}: teach the generator")

    def _one_of(self, ranges: Any) -> str:
        kind, what = self.random.choice(ranges)
        return chr(self.random.randint(*what)) if str(kind) == "RANGE" else chr(what)
