"""People over the REST API, for reading."""

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView

from accounts import access
from accounts.api.http import caller
from accounts.api.pagination import KeysetPagination
from accounts.api.serializers import PersonSerializer
from accounts.models import Membership, User


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
