"""The CustomResourceDefinition, generated from the API's models: one description of the API, not two."""

from .definition import crd
from .inline import SchemaError
from .structural import structural_schema
from .text import crd_yaml

__all__ = ["SchemaError", "crd", "crd_yaml", "structural_schema"]
