"""What the platform lists between organizations: partnerships and transfers."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView, paged
from promotions.api.problems import UnderWayError
from promotions.api.serializers.jobs import JobDetailSerializer
from promotions.api.serializers.sharing import (
    PartnershipDecisionInput,
    PartnershipDetailSerializer,
    PartnershipQuery,
    PartnershipSerializer,
    SendAgainInput,
    SharingRequestDetailSerializer,
    TransferDetailSerializer,
    TransferQuery,
    TransferSerializer,
)
from promotions.choices import UNFINISHED
from promotions.services import partnership_decisions, sending_again
from promotions.services.errors import ConflictError
from promotions.sharing_lists import REMOTE_NEWEST, PartnershipFilters, TransferFilters, partnerships_waiting_for


class PartnershipListView(ApiView):
    @extend_schema(
        operation_id="partnerships_list",
        summary="List partnerships, newest first",
        description="Each organization sees its own side; where both live here, the partner's is another row.",
        tags=["Sharing"],
        parameters=[PartnershipQuery],
        responses=paged(PartnershipSerializer),
    )
    def get(self, request: Request) -> Response:
        query = PartnershipQuery.read(request)
        filters = PartnershipFilters(
            organization_id=query.get("organization"),
            direction=query.get("direction", ""),
            status=query.get("status", ""),
            partner_id=query.get("partner", ""),
            is_pending=query["pending"],
            is_vanished=None if query["vanished"] else False,
        )
        found = filters.narrowed(access.partnerships_for_read(self.user))
        if query["waiting_for_me"]:
            found = found.filter(pk__in=partnerships_waiting_for(self.user).values("pk"))
        return self.page(PartnershipSerializer, found, REMOTE_NEWEST, query)


class PartnershipView(ApiView):
    @extend_schema(
        operation_id="partnerships_retrieve",
        summary="One partnership, with its history",
        tags=["Sharing"],
        responses=PartnershipDetailSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(PartnershipDetailSerializer, access.partnership_for_read(self.user, pk))


class PartnershipDecideView(ApiView):
    @extend_schema(
        operation_id="partnerships_decide",
        summary="Approve or reject what a partner asks for",
        description="Starts a job that tells the platform. For approvers; refused with 409 for whoever asked or "
        "agreed in the partner's name, and once it is decided.",
        tags=["Sharing"],
        request=PartnershipDecisionInput,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        partnership, body = access.partnership_for_decision(self.user, pk), self.body(PartnershipDecisionInput)
        try:
            job = partnership_decisions.decide_partnership(
                partnership=partnership,
                is_approved=body["decision"] == "approve",
                reason=body["reason"],
                actor=self.user,
            )
        except ConflictError as refusal:
            standing = access.partnership_for_read(self.user, pk).decision_job  # somebody else's, of this moment
            if standing is not None and standing.state in UNFINISHED:
                raise UnderWayError(refusal, standing) from refusal
            raise
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class TransferListView(ApiView):
    @extend_schema(
        operation_id="transfers_list",
        summary="List transfers, private and public, newest first",
        description="Each organization sees its own side; where both live here, the partner's is another row.",
        tags=["Sharing"],
        parameters=[TransferQuery],
        responses=paged(TransferSerializer),
    )
    def get(self, request: Request) -> Response:
        query = TransferQuery.read(request)
        filters = TransferFilters(
            organization_id=query.get("organization"),
            direction=query.get("direction", ""),
            status=query.get("status", ""),
            type=query.get("type", ""),
            partner_id=query.get("partner", ""),
            package_id=query.get("package"),
        )
        found = filters.narrowed(access.transfers_for_read(self.user))
        return self.page(TransferSerializer, found, REMOTE_NEWEST, query)


class TransferView(ApiView):
    @extend_schema(
        operation_id="transfers_retrieve",
        summary="One transfer, with the platform's steps",
        tags=["Sharing"],
        responses=TransferDetailSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(TransferDetailSerializer, access.transfer_for_read(self.user, pk))


class TransferAgainView(ApiView):
    @extend_schema(
        operation_id="transfers_again",
        summary="Send a package again whose transfer failed",
        description="Asks for a new sharing of the package, which points at the failed one and needs an approval of "
        "its own. Refused with 409 if it did not fail.",
        tags=["Sharing"],
        request=SendAgainInput,
        responses={201: SharingRequestDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        transfer = access.transfer_for_operation(self.user, pk)
        made = sending_again.send_again(transfer=transfer, note=self.body(SendAgainInput)["note"], actor=self.user)
        found = access.sharing_request_for_read(self.user, made.pk)
        return self.answer(SharingRequestDetailSerializer, found, status=201, at="sharing-request-detail")
