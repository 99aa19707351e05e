"""Plans: detail, items, refresh, decide, run."""

from collections.abc import Sequence

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView, paged
from promotions.api.filters import PlanItemQuery, plan_item_filters
from promotions.api.problems import UnderWayError
from promotions.api.serializers.jobs import JobDetailSerializer
from promotions.api.serializers.plans import (
    DecidedSerializer,
    DecideInput,
    PlanItemSerializer,
    PlanSerializer,
    TakeRememberedInput,
)
from promotions.choices import UNFINISHED, Decision
from promotions.keyset import Order
from promotions.models import Job, Plan, PlanItem
from promotions.queries import filtered_items
from promotions.services import decisions, plans, runs
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, NotReadyError
from promotions.systems.base import system

IN_PLAN_ORDER = Order("position", is_descending=False, is_number=True)


class PlanView(ApiView):
    @extend_schema(
        operation_id="plans_retrieve", summary="One revision of a plan", tags=["Plans"], responses=PlanSerializer
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(PlanSerializer, access.plan_for_read(self.user, pk))


class PlanItemsView(ApiView):
    @extend_schema(
        operation_id="plans_items",
        summary="What must be decided, and what else will be imported",
        tags=["Plans"],
        parameters=[PlanItemQuery],
        responses=paged(PlanItemSerializer),
    )
    def get(self, request: Request, pk: int) -> Response:
        plan = access.plan_for_read(self.user, pk)
        query = PlanItemQuery.read(request)
        found = filtered_items(plan.items.select_related("decided_by"), plan_item_filters(query))
        if query["remembered"] is not None:
            found = found.filter(remembered__isnull=not query["remembered"])
        return self.page(PlanItemSerializer, found, IN_PLAN_ORDER, query)


class PlanRefreshView(ApiView):
    @extend_schema(
        operation_id="plans_refresh",
        summary="Gather the facts again",
        description="Decisions stay where they still fit. Starts a job, or answers with the one that is under way. A "
        "frozen plan that was not sent is compared: if anything differs, it opens as a new revision and an approval of "
        "it is void.",
        tags=["Plans"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = plans.refresh(plan=access.plan_for_change(self.user, pk), actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class _DecidingView(ApiView):
    def decided(self, plan: Plan, changed: Sequence[PlanItem]) -> Response:
        plan.refresh_from_db()
        return self.answer(
            DecidedSerializer,
            {
                "changed": changed,
                "undecided_count": sum(item.is_undecided for item in plan.items.all()),
                "reasons_not_to_run": runs.reasons_not_to_run(plan),
            },
        )


class PlanDecideView(_DecidingView):
    @extend_schema(
        operation_id="plans_decide",
        summary="Decide items, all of them or none",
        description="“undecided” takes a decision back. A choice that an item does not offer is refused.",
        tags=["Plans"],
        request=DecideInput,
        responses=DecidedSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = access.plan_for_change(self.user, pk)
        verdicts = [
            Verdict(
                item_id=verdict["item"],
                decision=Decision(verdict["decision"]),
                target_id=verdict["target"],
                seen_batch=verdict["seen_batch"],
                is_remembered=verdict["is_remembered"],
                value=verdict["value"],
            )
            for verdict in self.body(DecideInput)["decisions"]
        ]
        return self.decided(plan, decisions.decide(plan=plan, verdicts=verdicts, actor=self.user))


class PlanAcceptExactView(_DecidingView):
    @extend_schema(
        operation_id="plans_accept_exact",
        summary="Use the existing object wherever exactly one fits",
        tags=["Plans"],
        request=None,
        responses=DecidedSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = access.plan_for_change(self.user, pk)
        return self.decided(plan, decisions.accept_exact(plan=plan, actor=self.user))


class PlanTakeRememberedView(_DecidingView):
    @extend_schema(
        operation_id="plans_take_remembered",
        summary="Decide undecided items as they were decided before",
        description="Only where the promotion offers earlier decisions and the choice is still there; refused with 422 "
        "if that is nowhere.",
        tags=["Plans"],
        request=TakeRememberedInput,
        responses=DecidedSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = access.plan_for_change(self.user, pk)
        items = self.body(TakeRememberedInput)["items"]
        return self.decided(plan, decisions.take_remembered(plan=plan, actor=self.user, item_ids=items))


class PlanChangeView(ApiView):
    @extend_schema(
        operation_id="plans_change",
        summary="Open a frozen plan that was not sent, as a new revision",
        description="An approval of the frozen one is void.",
        tags=["Plans"],
        request=None,
        responses={201: PlanSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        newer = plans.change(plan=access.plan_for_change(self.user, pk), actor=self.user)
        return self.answer(PlanSerializer, access.plan_for_read(self.user, newer.pk), status=201, at="plan-detail")


class PlanUndoView(_DecidingView):
    @extend_schema(
        operation_id="plans_undo",
        summary="Take back the latest act of deciding, whoever did it",
        tags=["Plans"],
        request=None,
        responses=DecidedSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = access.plan_for_change(self.user, pk)
        return self.decided(plan, decisions.undo(plan=plan, actor=self.user))


class PlanRunView(ApiView):
    @extend_schema(
        operation_id="plans_run",
        summary="Run a plan",
        description="Freezes the revision and starts a job. Refused with 409 and every reason while something is "
        "missing; if it runs already, the refusal names the job.",
        tags=["Plans"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = access.plan_for_change(self.user, pk)
        try:
            job = runs.request_run(plan=plan, actor=self.user)
        except (ConflictError, NotReadyError) as refusal:
            if (standing := _standing_in_the_way(plan)) is not None:
                raise UnderWayError(refusal, standing) from refusal
            raise
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


def _standing_in_the_way(plan: Plan) -> Job | None:
    """The run of this plan, or the import of the same into the same sandbox by another."""
    run = plans.run_job(plan)
    if run is not None and (run.state in UNFINISHED or run.submit_count):
        return run
    scope = system(plan.promotion.system).scope(plan.promotion)
    return Job.objects.filter(scope=scope, state__in=UNFINISHED).first() if scope else None
