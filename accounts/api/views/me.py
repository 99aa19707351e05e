"""The caller: their profile and their API tokens.

Nothing here makes a token or changes how somebody signs in: a token that leaks must not outlive its revocation.
"""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.api.http import caller, checked
from accounts.api.lists import ListView
from accounts.api.people import ApiTokenSerializer, MeSerializer, ProfileSerializer
from accounts.api.views.people import people
from accounts.models import ApiToken
from accounts.services import api_tokens
from accounts.services import people as people_service


class Me(APIView):
    @extend_schema(summary="Who calls", operation_id="me_retrieve", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return self._answer(request)

    @extend_schema(
        summary="Change my profile", operation_id="me_update", request=ProfileSerializer, responses=MeSerializer
    )
    def patch(self, request: Request) -> Response:
        person = caller(request)
        values = checked(ProfileSerializer(data=request.data, partial=True))
        kept = {"full_name": person.full_name, "time_zone": person.time_zone}
        people_service.update_profile(user=person, **{**kept, **values}, actor=person)
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        person = people(caller(request)).get(pk=caller(request).pk)
        return Response(MeSerializer(person).data)


@extend_schema_view(get=extend_schema(summary="List my API tokens", description="Those that were not revoked."))
class ApiTokenList(ListView[ApiToken]):
    serializer_class = ApiTokenSerializer

    def get_queryset(self) -> QuerySet[ApiToken]:
        if getattr(self, "swagger_fake_view", False):
            return ApiToken.objects.none()
        return caller(self.request).api_tokens.filter(revoked_at=None)


class ApiTokenDetail(APIView):
    @extend_schema(
        summary="Revoke one of my API tokens", operation_id="api_tokens_revoke", request=None, responses={204: None}
    )
    def delete(self, request: Request, pk: int) -> Response:
        token = access.api_token_for_owner(caller(request), pk)
        api_tokens.revoke_api_token(token=token, actor=caller(request))
        return Response(status=204)
