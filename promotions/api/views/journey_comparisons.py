"""Two versions of journeys: read both, and tell how they differ."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from config.openapi import PROBLEM_REF
from promotions import access, journey_sides
from promotions.api.base import ApiView
from promotions.api.serializers.jobs import JobDetailSerializer
from promotions.api.serializers.journey_comparisons import (
    JourneyCompareInput,
    JourneyCompareQuery,
    JourneyComparisonSerializer,
)
from promotions.api.views.promotions import named
from promotions.journey_comparison import compare
from promotions.journey_sides import Side
from promotions.models import Journey
from promotions.services import journey_comparisons
from promotions.services.errors import RefusedError


class JourneyCompareView(ApiView):
    @extend_schema(
        operation_id="journeys_comparison",
        summary="How two versions of journeys differ, as last read",
        description="Of one journey, of a journey and its copy, or of any two that the caller may read.",
        tags=["Journeys"],
        parameters=[JourneyCompareQuery],
        responses={200: JourneyComparisonSerializer, (422, "application/problem+json"): PROBLEM_REF},
    )
    def get(self, request: Request, pk: int) -> Response:
        journey = access.journey_for_read(self.user, pk)
        query = JourneyCompareQuery.read(request)
        pair = journey_sides.pair_of(*_sides(journey, self.user, query))
        differences = None
        if pair.is_read or (query["kept"] and pair.can_use_kept):
            before, after = pair.before.outline, pair.after.outline
            differences = compare(before, after, is_copy=pair.is_copy) if before and after else None
        return self.answer(
            JourneyComparisonSerializer,
            {"before": pair.before, "after": pair.after, "job": pair.job, "differences": differences},
        )

    @extend_schema(
        operation_id="journeys_compare",
        summary="Read two versions of journeys, to compare them",
        description="Exports both and keeps the exports. Starts a job, or answers with the one that reads the same two "
        "already. GET then tells how they differ. Needs an operator in the organization of one of them, and a reader "
        "of both.",
        tags=["Journeys"],
        request=JourneyCompareInput,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        journey = access.journey_for_comparison(self.user, pk)
        before, after = _sides(journey, self.user, self.body(JourneyCompareInput))
        job = journey_comparisons.request_comparison(before=before, after=after, actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


def _sides(journey: Journey, user: User, asked: dict[str, Any]) -> tuple[Side, Side]:
    """What the caller names; raises RefusedError if that is not known here, or the same twice."""
    version = asked.get("version", "")
    if "with_journey" in asked or "with_version" in asked:
        other = named("with_journey", access.journey_for_read, user, asked) if "with_journey" in asked else journey
        before, after = _side(journey, version, "version"), _side(other, asked.get("with_version", ""), "with_version")
    else:
        before, after = _likeliest(journey, user, version)
    if before.key == after.key:
        raise RefusedError("Both sides are the same version. Name another one.", field="with_version")
    return before, after


def _likeliest(journey: Journey, user: User, version: str) -> tuple[Side, Side]:
    versions = journey_sides.versions_offered(journey)
    others = journey_sides.others_offered(journey, user, None)
    uid, key = journey_sides.likeliest(journey, version, versions=versions, others=others)
    found = journey_sides.parsed(key)
    if found is None:
        raise RefusedError(
            f"“{journey}” has one version that is known here, and no copy. Name what to compare it with.",
            field="with_journey",
        )
    other = journey if found[0] == journey.pk else access.journey_for_read(user, found[0])
    return _side(journey, uid, "version"), _side(other, found[1], "with_version")


def _side(journey: Journey, uid: str, field: str) -> Side:
    found = journey_sides.side_of(journey, uid)
    if found is None:
        raise RefusedError(f"“{journey}” has no version {uid or 'that is known here'}.", field=field)
    return found
