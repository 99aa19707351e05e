"""The items of a plan as a sheet."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.http import ForFiles
from accounts.api.idempotency import idempotent
from config.openapi import PROBLEM_REF
from promotions import access
from promotions.api.base import ApiView
from promotions.api.serializers.sheets import SheetAppliedSerializer, SheetInput
from promotions.services import runs, sheets
from promotions.services.errors import RefusedError


class PlanSheetView(ApiView):
    content_negotiation_class = ForFiles

    @extend_schema(
        operation_id="plans_sheet",
        summary="What is to be mapped, and what is by now, as CSV",
        description="Three columns: kind, name, target. Only for plans of decisioning; refused with 422 for others.",
        tags=["Plans"],
        responses={(200, "text/csv"): OpenApiTypes.STR, (422, "application/problem+json"): PROBLEM_REF},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        plan = access.plan_for_read(self.user, pk)
        if not sheets.offers_sheet(plan):
            raise RefusedError("The rows of this plan are decided one by one; there is no sheet of them.")
        return HttpResponse(sheets.sheet_of(plan), content_type="text/csv; charset=utf-8; header=present")

    @extend_schema(
        operation_id="plans_apply_sheet",
        summary="Decide items by a sheet, all lines of it or none",
        description="If lines cannot be applied the refusal names each in `lines`, with its number and the reason.",
        tags=["Plans"],
        request=SheetInput,
        responses=SheetAppliedSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = access.plan_for_change(self.user, pk)
        changed, sheet = sheets.apply_sheet(plan=plan, **self.body(SheetInput), actor=self.user)
        plan.refresh_from_db()
        return self.answer(
            SheetAppliedSerializer,
            {
                "changed": changed,
                "undecided_count": sum(item.is_undecided for item in plan.items.all()),
                "reasons_not_to_run": runs.reasons_not_to_run(plan),
                "left_alone": sheet.empty,
                "bad_lines": sheet.bad,
            },
        )
