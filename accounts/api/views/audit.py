"""The record over the REST API, for reading."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.http import urlencode
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access, audit_rows
from accounts.api.audit import (
    AuditEventSerializer,
    AuditExportQuery,
    AuditPageSerializer,
    AuditQuery,
    AuditRowSerializer,
    ChainSerializer,
)
from accounts.api.http import ForFiles, caller
from accounts.audit_lists import AuditList
from accounts.services.verification import chain_state
from config.openapi import PROBLEM_REF


class AuditListView(APIView):
    @extend_schema(
        operation_id="audit_list",
        summary="Read the record, newest first",
        parameters=[AuditQuery],
        responses=AuditPageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = AuditQuery.read(request)
        page = AuditList(caller(request), AuditQuery.filters(query)).page(query["cursor"], size=query["limit"])
        return Response(
            {
                "next": _link(request, page.older),
                "previous": _link(request, page.newer),
                "results": AuditEventSerializer(page.rows, many=True).data,
            }
        )


def _link(request: Request, cursor: str) -> str | None:
    if not cursor:
        return None
    query = {**request.query_params.dict(), "cursor": cursor}
    return request.build_absolute_uri(f"{request.path}?{urlencode(query)}")


class AuditLineView(APIView):
    @extend_schema(operation_id="audit_retrieve", summary="One line of the record", responses=AuditEventSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(AuditEventSerializer(access.audit_event_for_read(caller(request), pk)).data)


class AuditChainView(APIView):
    @extend_schema(
        operation_id="audit_chain",
        summary="What is known of the chain of the record",
        description="Keep `head` outside: `verify_audit --expected-head` then notices lines that are cut off.",
        responses=ChainSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(ChainSerializer(chain_state()).data)


class AuditExportView(APIView):
    content_negotiation_class = ForFiles

    @extend_schema(
        operation_id="audit_export",
        summary="All lines that fit, as a file",
        description="Streamed, newest first, in any number, with what it takes to verify each digest outside. One "
        "export at a time for each caller; 409 says that one is still being written. It goes into the record.",
        parameters=[AuditExportQuery],
        responses={
            (200, "application/json"): AuditRowSerializer(many=True),
            (200, "text/csv"): OpenApiTypes.STR,
            (409, "application/problem+json"): PROBLEM_REF,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        query = AuditExportQuery.read(request)
        return audit_rows.EXPORT.download(
            AuditList(caller(request), AuditQuery.filters(query)),
            file_format=query["format"],
            filter_text=_words(query),
            actor=caller(request),
        )


def _words(query: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in query.items() if value and name != "format")
