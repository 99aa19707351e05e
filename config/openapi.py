"""The OpenAPI document and the page that shows it."""

from http import HTTPStatus
from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "request_id": {"type": "string", "description": "Stands in the log and in the audit trail too."},
        "errors": {
            "type": "object",
            "additionalProperties": {},
            "description": "What is wrong with which field.",
        },
        "reasons": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Everything that keeps a plan from running.",
        },
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["number", "reason"],
                "properties": {"number": {"type": "integer"}, "reason": {"type": "string"}},
            },
            "description": "The lines of a sheet that cannot be applied.",
        },
        "job": {
            "type": "object",
            "required": ["id", "url"],
            "properties": {"id": {"type": "integer"}, "url": {"type": "string", "format": "uri"}},
            "description": "The job that does it already.",
        },
        "usages": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "url": {"type": "string"}},
            },
            "description": "What still needs the thing.",
        },
    },
}

PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}


def finish(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Add the refusals that every operation shares, so that no view has to repeat them, and group by noun."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            for status in _refusals(method, operation):
                operation["responses"].setdefault(
                    str(status.value),
                    {
                        "description": status.phrase,
                        "content": {"application/problem+json": {"schema": PROBLEM_REF}},
                    },
                )
            operation["tags"] = [tag[:1].upper() + tag[1:] for tag in operation["tags"]]
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def _refusals(method: str, operation: dict[str, Any]) -> set[HTTPStatus]:
    found = {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_ACCEPTABLE,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    if "path" in places:
        found.add(HTTPStatus.NOT_FOUND)
    if "query" in places or "requestBody" in operation:
        found.add(HTTPStatus.BAD_REQUEST)
    if method != "get":
        found |= {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        }
    return found


class ApiSchemaView(SpectacularAPIView):
    """The document, open to all: it tells nothing of this installation."""

    authentication_classes = []

    def _get_version_parameter(self, request: Request) -> None:  # there is one version; the query may not name others
        return None


@method_decorator(never_cache, name="dispatch")
class ApiDocsView(SpectacularSwaggerSplitView):
    """The document as a page; its script comes from the same address, as the content security policy wants."""

    url_name = "api-schema"


class NoSuchResourceView(APIView):
    """Any other address of the API, so that even this answer can be read by programs."""

    authentication_classes = []
    permission_classes = []
    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        raise NotFound("There is nothing at this address. Addresses of the API end with a slash.")
