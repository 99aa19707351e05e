"""People over the REST API: who there is, who may come in, who is let out."""

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.api.http import caller, checked, named
from accounts.api.idempotency import idempotent, idempotent_without
from accounts.api.lists import ListView
from accounts.api.people import (
    AdministratorSerializer,
    InvitationSerializer,
    MadeInvitationSerializer,
    NewInvitationSerializer,
)
from accounts.api.serializers import PersonSerializer, ReasonSerializer
from accounts.models import Invitation, Membership, User
from accounts.services import people as people_service


def people(reader: User) -> QuerySet[User]:
    """Those whom the reader may know of, with the memberships that the reader may see."""
    visible = access.organizations_for_read(reader).values("pk")
    shown = Prefetch("memberships", Membership.objects.filter(organization__in=visible), to_attr="shown_memberships")
    return access.people_for_read(reader).prefetch_related(shown)


@extend_schema_view(get=extend_schema(summary="List people"))
class PersonList(ListView[User]):
    serializer_class = PersonSerializer

    def get_queryset(self) -> QuerySet[User]:
        return people(caller(self.request))


@extend_schema_view(get=extend_schema(summary="Read a person"))
class PersonDetail(RetrieveAPIView[User]):
    serializer_class = PersonSerializer

    def get_queryset(self) -> QuerySet[User]:
        if getattr(self, "swagger_fake_view", False):
            return User.objects.none()
        return people(caller(self.request))


class _ActView(APIView):
    def answer(self, request: Request, pk: int) -> Response:
        return Response(PersonSerializer(people(caller(request)).get(pk=pk)).data)


class PersonDeactivate(_ActView):
    @extend_schema(
        summary="Deactivate a person",
        description="Ends their sessions, API tokens and open invitations. The account stays, since the record names "
        "it. The last administrator stays active.",
        operation_id="people_deactivate",
        request=ReasonSerializer,
        responses=PersonSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        person = access.person_for_administrator(caller(request), pk)
        values = checked(ReasonSerializer(data=request.data))
        people_service.deactivate(user=person, **values, actor=caller(request))
        return self.answer(request, pk)


class PersonReactivate(_ActView):
    @extend_schema(
        summary="Let a person in again",
        description="With the roles they had; their API tokens stay revoked.",
        operation_id="people_reactivate",
        request=None,
        responses=PersonSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        person = access.person_for_administrator(caller(request), pk)
        people_service.reactivate(user=person, actor=caller(request))
        return self.answer(request, pk)


class PersonAdministrator(_ActView):
    @extend_schema(
        summary="Make a person an administrator of this installation, or no longer one",
        operation_id="people_set_administrator",
        request=AdministratorSerializer,
        responses=PersonSerializer,
    )
    def put(self, request: Request, pk: int) -> Response:
        person = access.person_for_administrator(caller(request), pk)
        values = checked(AdministratorSerializer(data=request.data))
        people_service.set_administrator(user=person, **values, actor=caller(request))
        return self.answer(request, pk)


@extend_schema_view(
    get=extend_schema(
        summary="List open invitations", description="Those that you may revoke.", operation_id="invitations_list"
    )
)
class InvitationList(ListView[Invitation]):
    serializer_class = InvitationSerializer

    def get_queryset(self) -> QuerySet[Invitation]:
        if getattr(self, "swagger_fake_view", False):
            return Invitation.objects.none()
        found = access.invitations_for_read(caller(self.request)).select_related("created_by")
        return found.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())

    @extend_schema(
        summary="Invite somebody",
        description="The link is good for seven days and shown once. Admins of an organization invite into it; "
        "administrators invite anybody. Open invitations of the same address end with it.",
        operation_id="invitations_create",
        request=NewInvitationSerializer,
        responses={201: MadeInvitationSerializer},
    )
    @idempotent_without("link")
    def post(self, request: Request) -> Response:
        access.require_inviter(caller(request))
        values = checked(NewInvitationSerializer(data=request.data))
        wanted = values.pop("organization")
        organization = None
        if wanted is not None:
            organization = named("organization", access.organization_for_read, caller(request), wanted)
        invitation, token = people_service.invite(**values, organization=organization, actor=caller(request))
        link = request.build_absolute_uri(reverse("accounts:invitation-accept", args=[token]))
        return Response(MadeInvitationSerializer(invitation, context={"link": link}).data, status=201)


class InvitationDetail(APIView):
    @extend_schema(
        summary="Revoke an invitation",
        description="Its link lets nobody in any more. Refused with 422 once it was used or revoked.",
        operation_id="invitations_revoke",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        invitation = access.invitation_for_change(caller(request), pk)
        people_service.revoke_invitation(invitation=invitation, actor=caller(request))
        return Response(status=204)
