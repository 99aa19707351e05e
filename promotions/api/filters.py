"""The queries of lists, as filters that the browser's lists share."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.exporting import FORMATS
from promotions.api.base import IdField, ListQuery
from promotions.choices import Decision, JobState, Match, ResultOutcome, Severity, Verification
from promotions.queries import EXPIRED, PACKAGE_ORDERS, JobFilters, PackageFilters, PlanItemFilters
from promotions.services.asked_expiries import EXPIRY_DAYS_LIMIT
from promotions.systems.decisioning import kinds as decisioning
from promotions.systems.journeys import kinds as journeys
from promotions.systems.packages import kinds as packages
from promotions.systems.snaplogic import kinds as snaplogic


# One type rather than a choice of two, which the page of the document could not offer as an input.
@extend_schema_field({"type": "string", "pattern": rf"^({EXPIRED}|\d{{1,4}})$"})
class ExpiryField(serializers.Field[Any, Any, Any, Any]):
    """The word for what is over, or a number of days ahead."""

    def to_internal_value(self, data: Any) -> Any:
        text = str(data)
        if text == EXPIRED:
            return EXPIRED
        if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) <= EXPIRY_DAYS_LIMIT):
            raise serializers.ValidationError(f"Say “{EXPIRED}”, or a number of days from 0 to {EXPIRY_DAYS_LIMIT}.")
        return int(text)


class PackageQuery(ListQuery):
    status = serializers.CharField(
        required=False, max_length=64, help_text="As the platform spells it, for example PUBLISHED."
    )
    organization = IdField(required=False)
    source_sandbox = serializers.CharField(required=False, max_length=256, help_text="Name of the sandbox.")
    artifact_type = serializers.CharField(
        required=False, max_length=64, help_text="Packages that hold such an object, for example REGISTRY_SCHEMA."
    )
    visibility = serializers.CharField(required=False, max_length=32, help_text="PRIVATE or PUBLIC.")
    created_after = serializers.DateTimeField(required=False, help_text="From this moment on.")
    created_before = serializers.DateTimeField(required=False, help_text="Before this moment.")
    expires_before = serializers.DateTimeField(required=False, help_text="Expired ones included.")
    expiry = ExpiryField(required=False, help_text="“expired”, or a number of days within which it expires.")
    q = serializers.CharField(
        required=False, max_length=200, help_text="Words, or beginnings of words, that must all occur."
    )
    vanished = serializers.BooleanField(
        required=False, default=False, help_text="Also those that the platform no longer lists."
    )
    order = serializers.ChoiceField(required=False, choices=list(PACKAGE_ORDERS), default="-created")


def package_filters(query: dict[str, Any]) -> PackageFilters:
    return PackageFilters(
        status=query.get("status", ""),
        organization_id=query.get("organization"),
        source_sandbox=query.get("source_sandbox", ""),
        artifact_type=query.get("artifact_type", ""),
        visibility=query.get("visibility", ""),
        created_from=query.get("created_after"),
        created_to=query.get("created_before"),
        expiry=query.get("expiry"),
        expires_before=query.get("expires_before"),
        text=query.get("q", ""),
        is_vanished=None if query["vanished"] else False,
    )


class JobQuery(ListQuery):
    state = serializers.ListField(
        child=serializers.ChoiceField(choices=JobState.choices),
        required=False,
        max_length=len(JobState),
        help_text="May be repeated.",
    )
    kind = serializers.CharField(required=False, max_length=64, help_text="For example packages.import.")
    organization = IdField(required=False)
    sandbox = IdField(required=False)
    package = IdField(required=False)
    promotion = IdField(required=False)
    requested_by = IdField(required=False, help_text="A person.")
    foreign = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Only those started elsewhere, or none of them."
    )
    routine = serializers.BooleanField(required=False, default=False, help_text="Also what Towpath reads by schedule.")
    created_after = serializers.DateTimeField(required=False, help_text="From this moment on.")
    created_before = serializers.DateTimeField(required=False, help_text="Before this moment.")


class JobExportQuery(JobQuery):
    cursor = None  # type: ignore[assignment]  # a file has no pages
    limit = None  # type: ignore[assignment]
    format = serializers.ChoiceField(required=False, choices=list(FORMATS), default="json")


class JobCountsQuery(JobQuery):
    cursor = None  # type: ignore[assignment]  # a number has no pages
    limit = None  # type: ignore[assignment]
    state = None  # type: ignore[assignment]  # each is counted
    # No index holds these beside the state, so that counting could mean reading all rows.
    kind = None  # type: ignore[assignment]
    foreign = None  # type: ignore[assignment]


class JobEventsQuery(ListQuery):
    severity = serializers.ChoiceField(required=False, choices=Severity.choices)


class JobResultsQuery(ListQuery):
    outcome = serializers.ChoiceField(required=False, choices=ResultOutcome.choices)
    verification = serializers.ChoiceField(required=False, choices=Verification.choices)


def job_filters(query: dict[str, Any]) -> JobFilters:
    return JobFilters(
        states=tuple(query.get("state", ())),
        kind=query.get("kind", ""),
        organization_id=query.get("organization"),
        sandbox_id=query.get("sandbox"),
        requested_by_id=query.get("requested_by"),
        package_id=query.get("package"),
        promotion_id=query.get("promotion"),
        is_foreign=query.get("foreign"),
        with_routine=query["routine"],
        created_from=query.get("created_after"),
        created_to=query.get("created_before"),
    )


class PromotionQuery(ListQuery):
    organization = IdField(required=False, help_text="The target organization.")
    sandbox = IdField(required=False, help_text="The target sandbox.")
    system = serializers.ChoiceField(
        required=False,
        choices=[
            packages.SYSTEM,
            journeys.SYSTEM,
            decisioning.SYSTEM,
            snaplogic.SYSTEM,
            snaplogic.LIFECYCLE_SYSTEM,
        ],
    )
    package = IdField(required=False)
    journey = IdField(required=False)
    group = IdField(required=False, help_text="Planned together for several targets.")


class PlanItemQuery(ListQuery):
    undecided = serializers.BooleanField(required=False, allow_null=True, default=None)
    missing_rights = serializers.BooleanField(required=False, allow_null=True, default=None)
    remembered = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Only those decided before, or none of them."
    )
    match = serializers.ChoiceField(required=False, choices=Match.choices)
    decision = serializers.ChoiceField(required=False, choices=Decision.choices)
    type = serializers.CharField(required=False, max_length=64)


def plan_item_filters(query: dict[str, Any]) -> PlanItemFilters:
    return PlanItemFilters(
        is_undecided=query["undecided"],
        is_right_missing=query["missing_rights"],
        match=query.get("match", ""),
        decision=query.get("decision", ""),
        type=query.get("type", ""),
    )
