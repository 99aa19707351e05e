"""Journeys: list, detail, versions, read, synchronise."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView, paged
from promotions.api.serializers.jobs import JobDetailSerializer
from promotions.api.serializers.journeys import (
    JourneyDetailSerializer,
    JourneyQuery,
    JourneySerializer,
    JourneyVersionSerializer,
    journey_filters,
)
from promotions.journey_lists import JOURNEY_ORDERS, journey_page
from promotions.services import journeys


class JourneyListView(ApiView):
    @extend_schema(
        operation_id="journeys_list",
        summary="List journeys",
        tags=["Journeys"],
        parameters=[JourneyQuery],
        responses=paged(JourneySerializer),
    )
    def get(self, request: Request) -> Response:
        query = JourneyQuery.read(request)
        page = journey_page(
            self.user,
            journey_filters(query),
            JOURNEY_ORDERS[query["order"]],
            query.get("cursor", ""),
            size=query["limit"],
        )
        return self.answer_page(JourneySerializer, page)


class JourneyView(ApiView):
    @extend_schema(
        operation_id="journeys_retrieve",
        summary="One journey, with what it uses and where copies of it live",
        tags=["Journeys"],
        responses=JourneyDetailSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(JourneyDetailSerializer, access.journey_for_read(self.user, pk))


class JourneyVersionsView(ApiView):
    @extend_schema(
        operation_id="journeys_versions",
        summary="The versions of a journey, newest first",
        tags=["Journeys"],
        responses=JourneyVersionSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        journey = access.journey_for_read(self.user, pk)
        found = journey.versions.select_related("journey").defer("raw", "journey__raw", "journey__outline")
        return Response(JourneyVersionSerializer(found, many=True).data)


class JourneyReadView(ApiView):
    @extend_schema(
        operation_id="journeys_read",
        summary="Read a journey again, with what it uses",
        description="Starts a job, or answers with the one that is under way.",
        tags=["Journeys"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = journeys.request_reading(journey=access.journey_for_operation(self.user, pk), actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class JourneySynchronizeView(ApiView):
    @extend_schema(
        operation_id="journeys_synchronize",
        summary="Read the journeys of all active sandboxes of an organization again",
        description="Starts a job, or answers with the one that is under way.",
        tags=["Journeys"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_operation(self.user, pk)
        job = journeys.request_synchronization(organization=organization, actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")
