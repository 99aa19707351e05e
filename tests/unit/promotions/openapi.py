"""Reading our own OpenAPI document."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator


@cache
def read_schema() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def body_of(schema: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of the body, if the operation takes one in JSON."""
    if "application/json" not in operation.get("requestBody", {}).get("content", {}):
        return None
    return resolve(schema, operation["requestBody"]["content"]["application/json"]["schema"])


def resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference, also one that stands alone in an allOf."""
    while "$ref" in node or len(node.get("allOf", ())) == 1:
        node = node["allOf"][0] if "allOf" in node else node
        if "$ref" in node:
            node = schema["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    return node
