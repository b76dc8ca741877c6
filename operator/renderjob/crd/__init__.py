"""The CustomResourceDefinition, generated from the API's models: one description of the API, not two."""

from .definition import crd, crd_yaml
from .inline import SchemaError
from .structural import structural_schema

__all__ = ["SchemaError", "crd", "crd_yaml", "structural_schema"]
