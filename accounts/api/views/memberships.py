"""Who has which role in an organization, over the REST API."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.api.http import caller, checked, named
from accounts.api.idempotency import idempotent
from accounts.api.lists import ListView
from accounts.api.people import MembershipSerializer, NewMembershipSerializer, RoleSerializer
from accounts.errors import RefusedError
from accounts.models import Membership
from accounts.services import people


@extend_schema_view(get=extend_schema(summary="List the members of an organization", operation_id="members_list"))
class MembershipList(ListView[Membership]):
    serializer_class = MembershipSerializer

    def get_queryset(self) -> QuerySet[Membership]:
        if getattr(self, "swagger_fake_view", False):
            return Membership.objects.none()
        organization = access.organization_for_read(caller(self.request), self.kwargs["pk"])
        return organization.memberships.select_related("user")

    @extend_schema(
        summary="Give a person a role in an organization",
        description="In place of any other that they have there.",
        operation_id="members_create",
        request=NewMembershipSerializer,
        responses={201: MembershipSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_admin(caller(request), pk)
        values = checked(NewMembershipSerializer(data=request.data))
        person = named("person", access.person_for_read, caller(request), values["person"])
        if not person.is_active:
            raise RefusedError(f"{person} is deactivated. Reactivate the account first.", field="person")
        membership = people.set_membership(
            user=person, organization=organization, role=values["role"], actor=caller(request)
        )
        return Response(MembershipSerializer(membership).data, status=201)


class MembershipDetail(APIView):
    @extend_schema(
        summary="Give a member another role",
        operation_id="members_update",
        request=RoleSerializer,
        responses=MembershipSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        membership = access.membership_for_admin(caller(request), pk)
        values = checked(RoleSerializer(data=request.data))
        changed = people.set_membership(
            user=membership.user, organization=membership.organization, **values, actor=caller(request)
        )
        return Response(MembershipSerializer(changed).data)

    @extend_schema(
        summary="Remove a member from the organization",
        operation_id="members_delete",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        membership = access.membership_for_admin(caller(request), pk)
        people.remove_membership(membership=membership, actor=caller(request))
        return Response(status=204)
