"""The caller's own notices, and what they want to be told."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.api.http import caller, checked
from accounts.api.idempotency import idempotent
from accounts.api.lists import ListView
from accounts.api.pagination import NewestRowFirstPagination
from accounts.api.serializers import (
    MarkedSerializer,
    NoticeChoicesSerializer,
    NoticePreferenceSerializer,
    NoticeSerializer,
)
from accounts.models import Notice
from accounts.services import notices
from accounts.services.notices import Choice

YES, NO = "true", "false"


@extend_schema_view(
    get=extend_schema(
        summary="List my notices, newest first",
        parameters=[
            OpenApiParameter(
                "unread", bool, description="True: only those that still ask to be looked at; false: only the others."
            )
        ],
    )
)
class NoticeList(ListView[Notice]):
    serializer_class = NoticeSerializer
    pagination_class = NewestRowFirstPagination
    filters = frozenset({"unread"})

    def get_queryset(self) -> QuerySet[Notice]:
        found = access.notices_for_read(caller(self.request))
        unread = self.request.query_params.get("unread", "")
        if unread not in ("", YES, NO):
            raise ParseError("unread must be true or false.")
        return found.unread() if unread == YES else found.looked_at() if unread == NO else found


class NoticeRead(APIView):
    @extend_schema(
        summary="Mark a notice read", operation_id="notices_read_one", request=None, responses=NoticeSerializer
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        notice = access.notice_for_owner(caller(request), pk)
        notices.mark_read(notice=notice)
        return Response(NoticeSerializer(notice).data)


class NoticeReadAll(APIView):
    @extend_schema(
        summary="Mark all my notices read", operation_id="notices_read_all", request=None, responses=MarkedSerializer
    )
    @idempotent
    def post(self, request: Request) -> Response:
        return Response(MarkedSerializer({"marked": notices.mark_all_read(person=caller(request))}).data)


class NoticePreferences(APIView):
    @extend_schema(
        summary="Read what I want to be told, and how",
        operation_id="notices_preferences_list",
        responses=NoticePreferenceSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        return self._answer(request)

    @extend_schema(
        summary="Choose what I want to be told, and how",
        description="Kinds that are not named stay as they are.",
        operation_id="notices_preferences_change",
        request=NoticeChoicesSerializer,
        responses=NoticePreferenceSerializer(many=True),
    )
    def patch(self, request: Request) -> Response:
        wanted: list[dict[str, Any]] = checked(NoticeChoicesSerializer(data=request.data))["choices"]
        kinds = {kind.name: kind for kind in notices.kinds()}
        chosen = [Choice(kinds[one["kind"]], in_app=one["in_app"], mail=one["mail"]) for one in wanted]
        notices.set_preferences(person=caller(request), choices=chosen, actor=caller(request))
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        return Response(NoticePreferenceSerializer(notices.preferences(caller(request)), many=True).data)
