"""What imports made of journeys: list, detail, whether it was published in the target."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from promotions import access
from promotions.api.base import ApiView, paged
from promotions.api.serializers.journeys import JourneyCopyQuery, JourneyCopySerializer, PublishedInput
from promotions.journey_facts import made_of
from promotions.keyset import Order
from promotions.models import Journey
from promotions.services import journey_plans

NEWEST_FIRST = Order("made_at", is_descending=True, is_time=True)


class JourneyCopyListView(ApiView):
    @extend_schema(
        operation_id="journey_copies_list",
        summary="List the copies of journeys that imports made, newest first",
        tags=["Journeys"],
        parameters=[JourneyCopyQuery],
        responses=paged(JourneyCopySerializer),
    )
    def get(self, request: Request) -> Response:
        query = JourneyCopyQuery.read(request)
        filters = {
            "target_organization": query.get("organization"),
            "target_sandbox": query.get("sandbox"),
            "promotion": query.get("promotion"),
            "job": query.get("job"),
            "published_at__isnull": None if query["published"] is None else not query["published"],
        }
        found = access.journey_copies_for_read(self.user).filter(
            **{name: value for name, value in filters.items() if value is not None}
        )
        if "journey" in query:
            visible = Journey.objects.visible_to(self.user).select_related("organization", "sandbox")
            journey = visible.filter(pk=query["journey"]).first()
            found = found.filter(made_of(journey)) if journey else found.none()
        return self.page(JourneyCopySerializer, found, NEWEST_FIRST, query)


class JourneyCopyView(ApiView):
    @extend_schema(
        operation_id="journey_copies_retrieve",
        summary="One copy of a journey, with what was made along with it",
        tags=["Journeys"],
        responses=JourneyCopySerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(JourneyCopySerializer, access.journey_copy_for_read(self.user, pk))


class JourneyCopyPublishedView(ApiView):
    @extend_schema(
        operation_id="journey_copies_published",
        summary="Note that a copy was published in the target, or take that back",
        description="Publishes nothing: no API does. It notes what a person did in the designer.",
        tags=["Journeys"],
        request=PublishedInput,
        responses=JourneyCopySerializer,
    )
    def put(self, request: Request, pk: int) -> Response:
        copy = access.journey_copy_for_change(self.user, pk)
        is_published = self.body(PublishedInput)["is_published"]
        if (copy.published_at is not None) != is_published:  # saying the same again changes nothing
            journey_plans.note_published(copy=copy, actor=self.user, is_published=is_published)
        return self.answer(JourneyCopySerializer, access.journey_copy_for_read(self.user, pk))
