"""Template tags about artifacts."""

from django import template

register = template.Library()

ICONS = {
    "JOURNEY": "journey",
    "REGISTRY_DATATYPE": "schema",
    "REGISTRY_CLASS": "schema",
    "REGISTRY_MIXIN": "schema",
    "REGISTRY_SCHEMA": "schema",
    "CATALOG_DATASET": "dataset",
    "PROFILE_SEGMENT": "audience",
    "Secret": "key",
    "Event schema": "schema",
    "Template name": "message",
    "Account in the zip": "key",
    "Account value": "key",
    "Account": "key",
    "Pipeline": "tree",
    "Policy": "approval",
    "Job": "clock",
}


@register.filter
def type_icon(artifact_type: str) -> str:
    """The icon of an artifact type; the plain object where there is none of its own."""
    return ICONS.get(artifact_type, "object")
