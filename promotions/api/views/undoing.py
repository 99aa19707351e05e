"""Taking a run back, and ticking what was to check after it."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView
from promotions.api.serializers.jobs import ReasonInput
from promotions.api.serializers.promotions import PromotionDetailSerializer
from promotions.api.serializers.undoing import RunCheckInput, RunCheckSerializer, UndoingSerializer
from promotions.models import RunCheck
from promotions.services import plans, run_checks, undoing
from promotions.standings import states_of


class JobUndoView(ApiView):
    @extend_schema(
        operation_id="jobs_undoing",
        summary="Whether a run can be taken back, and what takes it back already",
        tags=["Jobs"],
        responses=UndoingSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        job = access.job_for_read(self.user, pk)
        promotion = undoing.standing_undo(job)
        if promotion is not None:
            promotion.state = states_of([promotion.pk]).get(promotion.pk, "")  # type: ignore[attr-defined]
        found = {
            "reason_not_to_undo": undoing.reason_not_to_undo(job),
            "promotion": promotion,
            "run": plans.run_job(promotion.current_plan) if promotion is not None else None,
        }
        return self.answer(UndoingSerializer, found)

    @extend_schema(
        operation_id="jobs_undo",
        summary="Plan to take a run back",
        description="Changes nothing yet: a promotion of its own, whose plan tells what will go, needs consent by the "
        "same rule as the run did, and is run like any other.",
        tags=["Jobs"],
        request=ReasonInput,
        responses={201: PromotionDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = access.job_for_change(self.user, pk)
        promotion = undoing.undo(job=job, **self.body(ReasonInput), actor=self.user)
        return self.answer(PromotionDetailSerializer, promotion, status=201, at="promotion-detail")


class JobChecksView(ApiView):
    @extend_schema(
        operation_id="jobs_checks",
        summary="What to check by hand after a run",
        tags=["Jobs"],
        responses=RunCheckSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        found = RunCheck.objects.filter(job=access.job_for_read(self.user, pk)).select_related("ticked_by")
        return Response(RunCheckSerializer(found, many=True, context={"request": request}).data)


class RunCheckView(ApiView):
    @extend_schema(
        operation_id="run_checks_retrieve",
        summary="One thing to check by hand",
        tags=["Jobs"],
        responses=RunCheckSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(RunCheckSerializer, access.run_check_for_read(self.user, pk))

    @extend_schema(
        operation_id="run_checks_tick",
        summary="Note that it was looked at, or take that back",
        tags=["Jobs"],
        request=RunCheckInput,
        responses=RunCheckSerializer,
    )
    def put(self, request: Request, pk: int) -> Response:
        check = access.run_check_for_change(self.user, pk)
        is_done = self.body(RunCheckInput)["is_done"]
        if (check.ticked_at is not None) != is_done:  # saying the same again changes nothing
            run_checks.tick(check=check, actor=self.user, is_done=is_done)
        return self.answer(RunCheckSerializer, access.run_check_for_read(self.user, pk))
