"""One package or journey into several targets: planned, decided and run together."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView
from promotions.api.serializers.groups import (
    GroupDecideInput,
    GroupInput,
    GroupOutcomesSerializer,
    GroupRunInput,
    PromotionGroupSerializer,
)
from promotions.api.views.promotions import journey_named, named
from promotions.choices import Decision, PromotionMode
from promotions.services import decisions, groups, journey_plans, package_plans


class GroupCreateView(ApiView):
    @extend_schema(
        operation_id="groups_create",
        summary="Plan a package or a journey for several targets",
        description="One promotion and plan for each, all or none.",
        tags=["Groups"],
        request=GroupInput,
        responses={201: PromotionGroupSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(GroupInput)
        sandboxes = [
            named("sandboxes", access.sandbox_for_read, self.user, {"sandboxes": pk}) for pk in body["sandboxes"]
        ]
        if "journey" in body:
            group = journey_plans.promote_to(**journey_named(self.user, body), sandboxes=sandboxes, actor=self.user)
        else:
            group = package_plans.promote_to(
                package=named("package", access.package_for_read, self.user, body),
                sandboxes=sandboxes,
                job_name=body.get("job_name", ""),
                job_description=body.get("job_description", ""),
                actor=self.user,
                mode=PromotionMode(body["mode"]),
            )
        return self.answer(PromotionGroupSerializer, group, status=201, at="group-detail")


class GroupView(ApiView):
    @extend_schema(
        operation_id="groups_retrieve",
        summary="One group with its promotions",
        tags=["Groups"],
        responses=PromotionGroupSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(PromotionGroupSerializer, access.group_for_read(self.user, pk))


class GroupDecideView(ApiView):
    @extend_schema(
        operation_id="groups_decide",
        summary="Take one decision in every open plan of a group",
        tags=["Groups"],
        request=GroupDecideInput,
        responses=GroupOutcomesSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        group, body = access.group_for_read(self.user, pk), self.body(GroupDecideInput)
        choosers: dict[str, groups.Chooser] = {
            "exact": decisions.exact_matches,
            "remembered": groups.as_before,
            "create_undecided": decisions.creations_of_undecided,
            "keep_undecided": decisions.kept,
        }
        choose = choosers.get(body["act"]) or _on_one(body)
        outcomes = groups.decide_together(group=group, choose=choose, actor=self.user)
        return self.answer(GroupOutcomesSerializer, {"outcomes": outcomes})


def _on_one(body: dict[str, Any]) -> groups.Chooser:
    if body["decision"] == Decision.FILL:
        return groups.filled(body["key"], body["value"])
    return groups.for_key(body["key"], Decision(body["decision"]), body["title"])


class GroupRunView(ApiView):
    @extend_schema(
        operation_id="groups_run",
        summary="Run every plan of a group that may run",
        description="Asks for an approval where one is needed. Answers for each target what happened, or why nothing.",
        tags=["Groups"],
        request=GroupRunInput,
        responses=GroupOutcomesSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        group = access.group_for_read(self.user, pk)
        outcomes = groups.run_together(group=group, actor=self.user, note=self.body(GroupRunInput)["note"])
        return self.answer(GroupOutcomesSerializer, {"outcomes": outcomes})
