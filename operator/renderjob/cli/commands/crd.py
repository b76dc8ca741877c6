"""`renderjob crd`: the CustomResourceDefinition for a cluster."""

from __future__ import annotations


def crd() -> None:
    """Print the CustomResourceDefinition, for kubectl apply -f -."""
    from renderjob.crd import crd_yaml

    print(crd_yaml(), end="")
