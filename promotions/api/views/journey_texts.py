"""Further texts of an exported journey: finding them, and having them decided in its plan."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from config.openapi import PROBLEM_REF
from promotions import access
from promotions.api.base import ApiView
from promotions.api.serializers.journey_texts import FoundTextsSerializer, TextInput, TextQuery
from promotions.api.serializers.plans import PlanItemSerializer, PlanSerializer
from promotions.services import journey_texts


class PlanTextsView(ApiView):
    @extend_schema(
        operation_id="plans_texts",
        summary="Texts of the exported journey that the plan does not ask for",
        description="At most 50, without secrets, system objects and texts of more than 500 bytes. Only for journeys.",
        tags=["Plans"],
        parameters=[TextQuery],
        responses={200: FoundTextsSerializer, (422, "application/problem+json"): PROBLEM_REF},
    )
    def get(self, request: Request, pk: int) -> Response:
        plan = access.journey_plan_for_change(self.user, pk)
        return self.answer(FoundTextsSerializer, journey_texts.search(plan, TextQuery.read(request)["q"]))

    @extend_schema(
        operation_id="plans_choose_text",
        summary="Have a text of the exported journey decided in the plan",
        description="It becomes an item to keep or fill, also whenever the facts are gathered again.",
        tags=["Plans"],
        request=TextInput,
        responses={201: PlanItemSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = access.journey_plan_for_change(self.user, pk)
        item = journey_texts.choose(plan=plan, pointer=self.body(TextInput)["pointer"], actor=self.user)
        return self.answer(PlanItemSerializer, item, status=201)


class PlanTextsRemoveView(ApiView):
    @extend_schema(
        operation_id="plans_leave_text",
        summary="Take a chosen text out of the plan",
        tags=["Plans"],
        request=TextInput,
        responses=PlanSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = access.journey_plan_for_change(self.user, pk)
        journey_texts.leave(plan=plan, pointer=self.body(TextInput)["pointer"], actor=self.user)
        return self.answer(PlanSerializer, access.plan_for_read(self.user, plan.pk))
