"""Approvals: list, detail, ask, approve, reject, withdraw."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView, paged
from promotions.api.serializers.approvals import (
    ApprovalDetailSerializer,
    ApprovalInput,
    ApprovalQuery,
    ApprovalSerializer,
    ConsentInput,
    RefusalInput,
    WithdrawalInput,
)
from promotions.keyset import Order
from promotions.services import approvals, consent

NEWEST = Order("requested_at", is_descending=True, is_time=True)


class ApprovalListView(ApiView):
    @extend_schema(
        operation_id="approvals_list",
        summary="List approvals, newest first",
        tags=["Approvals"],
        parameters=[ApprovalQuery],
        responses=paged(ApprovalSerializer),
    )
    def get(self, request: Request) -> Response:
        query = ApprovalQuery.read(request)
        filters = {
            "state": query.get("state"),
            "organization": query.get("organization"),
            "plan__promotion": query.get("promotion"),
            "sharing": query.get("sharing_request"),
        }
        found = access.approvals_for_read(self.user)
        if query["waiting_for_me"]:
            found = found.filter(pk__in=consent.waiting_for(self.user).values("pk"))
        found = found.filter(**{name: value for name, value in filters.items() if value is not None})
        return self.page(ApprovalSerializer, found, NEWEST, query)


class ApprovalView(ApiView):
    @extend_schema(
        operation_id="approvals_retrieve",
        summary="One approval, with what has to be known to decide on it",
        tags=["Approvals"],
        responses=ApprovalDetailSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(ApprovalDetailSerializer, access.approval_for_read(self.user, pk))


class PlanApprovalView(ApiView):
    @extend_schema(
        operation_id="plans_request_approval",
        summary="Ask for an approval of a plan",
        description="Freezes the revision. Refused with 409 and every reason while something is missing, and with 422 "
        "where no approval is needed.",
        tags=["Approvals"],
        request=ApprovalInput,
        responses={201: ApprovalSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = access.plan_for_change(self.user, pk)
        approval = approvals.request_approval(plan=plan, actor=self.user, **self.body(ApprovalInput))
        return self.answer(ApprovalSerializer, approval, status=201, at="approval-detail")


class ApproveView(ApiView):
    @extend_schema(
        operation_id="approvals_approve",
        summary="Approve",
        description="Refused with 403 for whoever asked, planned or decided in the plan, whatever their role, and with "
        "409 if somebody else was faster. Consent to sharing starts it at once, and needs a reason: without one it is "
        "refused with 422.",
        tags=["Approvals"],
        request=ConsentInput,
        responses=ApprovalSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        approval, body = access.approval_for_decision(self.user, pk), self.body(ConsentInput)
        approvals.approve(approval=approval, actor=self.user, reason=body["reason"], seen_hash=body["content_hash"])
        return self.answer(ApprovalSerializer, access.approval_for_read(self.user, pk))


class RejectView(ApiView):
    @extend_schema(
        operation_id="approvals_reject",
        summary="Reject, with a reason",
        description="A plan opens again as a new revision; sharing that was asked for ends.",
        tags=["Approvals"],
        request=RefusalInput,
        responses=ApprovalSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        approval, body = access.approval_for_decision(self.user, pk), self.body(RefusalInput)
        approvals.reject(approval=approval, actor=self.user, reason=body["reason"], seen_hash=body["content_hash"])
        return self.answer(ApprovalSerializer, access.approval_for_read(self.user, pk))


class WithdrawView(ApiView):
    @extend_schema(
        operation_id="approvals_withdraw",
        summary="Take back a request, or a consent that was not used",
        description="For operators of the organization. A plan opens again as a new revision; sharing that was "
        "asked for ends.",
        tags=["Approvals"],
        request=WithdrawalInput,
        responses=ApprovalSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        approval = access.approval_for_change(self.user, pk)
        approvals.withdraw(approval=approval, actor=self.user, reason=self.body(WithdrawalInput)["reason"])
        return self.answer(ApprovalSerializer, access.approval_for_read(self.user, pk))
