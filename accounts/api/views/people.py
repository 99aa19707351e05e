"""People and the record over the REST API, for reading."""

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView

from accounts import access
from accounts.api.http import caller
from accounts.api.pagination import KeysetPagination, NewestFirstPagination
from accounts.api.serializers import AuditEventSerializer, PersonSerializer
from accounts.http import natural_number
from accounts.models import AuditEvent, Membership, User
from accounts.services.audit import verbs_of_group


def _people(reader: User) -> QuerySet[User]:
    visible = access.organizations_for_read(reader).values("pk")
    shown = Prefetch("memberships", Membership.objects.filter(organization__in=visible), to_attr="shown_memberships")
    return access.people_for_read(reader).prefetch_related(shown)


@extend_schema_view(get=extend_schema(summary="List people"))
class PersonList(ListAPIView[User]):
    serializer_class = PersonSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[User]:
        return _people(caller(self.request))


@extend_schema_view(get=extend_schema(summary="Read a person"))
class PersonDetail(RetrieveAPIView[User]):
    serializer_class = PersonSerializer

    def get_queryset(self) -> QuerySet[User]:
        if getattr(self, "swagger_fake_view", False):
            return User.objects.none()
        return _people(caller(self.request))


@extend_schema_view(
    get=extend_schema(
        summary="Read the record, newest first",
        parameters=[
            OpenApiParameter("organization", int, description="Only of this organization."),
            OpenApiParameter("person", int, description="Only acts of this person."),
            OpenApiParameter("group", str, description="Only verbs of this group."),
        ],
    )
)
class AuditList(ListAPIView[AuditEvent]):
    serializer_class = AuditEventSerializer
    pagination_class = NewestFirstPagination

    def get_queryset(self) -> QuerySet[AuditEvent]:
        events = access.audit_events_for_read(caller(self.request))
        query = self.request.query_params
        for name, column in (("organization", "organization_id"), ("person", "actor_id")):
            wanted = natural_number(query.get(name, ""), what=name)
            if wanted is not None:
                events = events.filter(**{column: wanted})
        if query.get("group"):
            events = events.filter(verb__in=verbs_of_group(query["group"]))
        return events
