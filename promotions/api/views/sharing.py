"""Sharing across organizations: ask, follow, stop."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from clients.package_payloads import parse_payload
from promotions import access, sharing_facts
from promotions.api.base import ApiView, paged
from promotions.api.serializers.jobs import JobDetailSerializer, ReasonInput
from promotions.api.serializers.sharing import (
    PartnershipRequestInput,
    PayloadSerializer,
    PublicityInput,
    PullInput,
    ShareInput,
    SharingRequestDetailSerializer,
    SharingRequestQuery,
    SharingRequestSerializer,
)
from promotions.api.views.promotions import named
from promotions.models import SharingRequest
from promotions.services import sharing, sharing_stops
from promotions.services.errors import RefusedError
from promotions.services.sharing import PullSource
from promotions.sharing_lists import REQUESTS_NEWEST, SharingFilters

WAITS = "Nothing is sent before an approver of the organization, other than you, consents under Approvals."


class _AskingView(ApiView):
    def asked(self, request: SharingRequest) -> Response:
        found = access.sharing_request_for_read(self.user, request.pk)
        return self.answer(SharingRequestDetailSerializer, found, status=201, at="sharing-request-detail")


class SharingRequestListView(ApiView):
    @extend_schema(
        operation_id="sharing_requests_list",
        summary="List what was asked for across organizations, newest first",
        tags=["Sharing"],
        parameters=[SharingRequestQuery],
        responses=paged(SharingRequestSerializer),
    )
    def get(self, request: Request) -> Response:
        query = SharingRequestQuery.read(request)
        filters = SharingFilters(
            organization_id=query.get("organization"),
            kind=query.get("kind", ""),
            state=query.get("state", ""),
            package_id=query.get("package"),
        )
        found = filters.narrowed(access.sharing_requests_for_read(self.user))
        return self.page(SharingRequestSerializer, found, REQUESTS_NEWEST, query)


class SharingRequestView(ApiView):
    @extend_schema(
        operation_id="sharing_requests_retrieve",
        summary="One request, with what became of it for each partner",
        tags=["Sharing"],
        responses=SharingRequestDetailSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(SharingRequestDetailSerializer, access.sharing_request_for_read(self.user, pk))


class RequestPartnershipView(_AskingView):
    @extend_schema(
        operation_id="sharing_requests_partnership",
        summary="Ask organizations for a partnership",
        description=WAITS,
        tags=["Sharing"],
        request=PartnershipRequestInput,
        responses={201: SharingRequestDetailSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(PartnershipRequestInput)
        return self.asked(
            sharing.request_partnerships(
                organization=named("organization", access.organization_for_read, self.user, body),
                partner_ids=body["partner_ids"],
                note=body["note"],
                actor=self.user,
            )
        )


class RequestShareView(_AskingView):
    @extend_schema(
        operation_id="sharing_requests_share",
        summary="Share a package with organizations",
        description=f"{WAITS} The one consent covers all that follows: the partnership where there is none yet, and "
        "the transfer once the partner agrees.",
        tags=["Sharing"],
        request=ShareInput,
        responses={201: SharingRequestDetailSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(ShareInput)
        return self.asked(
            sharing.request_share(
                package=named("package", access.package_for_read, self.user, body),
                partner_ids=body["partner_ids"],
                note=body["note"],
                actor=self.user,
            )
        )


class RequestPullView(_AskingView):
    @extend_schema(
        operation_id="sharing_requests_pull",
        summary="Bring public packages of other organizations in",
        description=f"{WAITS} Name the packages by their ids, by their payloads, or some by one and some by the other.",
        tags=["Sharing"],
        request=PullInput,
        responses={201: SharingRequestDetailSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(PullInput)
        sources = [PullSource(**one) for one in body["sources"]] + [_read(text) for text in body["payloads"]]
        return self.asked(
            sharing.request_pull(
                organization=named("organization", access.organization_for_read, self.user, body),
                sources=sources,
                note=body["note"],
                actor=self.user,
            )
        )


def _read(payload: str) -> PullSource:
    try:
        found = parse_payload(payload)
    except ValueError as exc:
        raise RefusedError(str(exc), field="payloads") from exc
    return PullSource(found.organization_id, found.package_id)


class PackagePublicityView(_AskingView):
    @extend_schema(
        operation_id="packages_publicity",
        summary="Make a package public",
        description=f"{WAITS} Nobody can make it private again. While it has been asked for, refused with 409.",
        tags=["Sharing"],
        request=PublicityInput,
        responses={201: SharingRequestDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        package = access.package_for_operation(self.user, pk)
        body = self.body(PublicityInput)
        return self.asked(sharing.request_publicity(package=package, actor=self.user, **body))


class PackagePayloadView(ApiView):
    @extend_schema(
        operation_id="packages_payload",
        summary="What another organization needs to pull a public package",
        description="Refused with 409 while the package is not public.",
        tags=["Sharing"],
        responses={200: PayloadSerializer, (409, "application/problem+json"): {"$ref": "#/components/schemas/Problem"}},
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(PayloadSerializer, sharing_facts.payload_of(access.package_for_read(self.user, pk)))


class SharingRequestStopView(ApiView):
    @extend_schema(
        operation_id="sharing_requests_stop",
        summary="Stop a request where it waits",
        description="What the platform has already stays there; each partner's `problem` says what. Refused with 409 "
        "once everything is over or on its way.",
        tags=["Sharing"],
        request=ReasonInput,
        responses=SharingRequestDetailSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        found = access.sharing_request_for_operation(self.user, pk)
        sharing_stops.stop(request=found, reason=self.body(ReasonInput)["reason"], actor=self.user)
        return self.answer(SharingRequestDetailSerializer, access.sharing_request_for_read(self.user, pk))


class SharingSynchronizeView(ApiView):
    @extend_schema(
        operation_id="organizations_synchronize_sharing",
        summary="Read partnerships and transfers of an organization again",
        description="Starts a job, or answers with the one that is under way.",
        tags=["Sharing"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        organization = access.organization_for_operation(self.user, pk)
        job = sharing.request_synchronization(organization=organization, actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")
