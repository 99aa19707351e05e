"""Promotions: list, plan a new one, detail, change its text, abandon."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from promotions import access, keyset
from promotions.api.base import ApiView, paged
from promotions.api.filters import PromotionQuery
from promotions.api.serializers.jobs import ReasonInput
from promotions.api.serializers.promotions import (
    JobTextInput,
    MemoryInput,
    PromotionDetailSerializer,
    PromotionInput,
    PromotionRowSerializer,
)
from promotions.choices import PromotionMode
from promotions.journey_facts import promotions_of
from promotions.models import Journey, Promotion
from promotions.queries import NEWEST_FIRST
from promotions.services import decisioning_plans, journey_plans, memory, package_plans, plans, repeats
from promotions.services.errors import RefusedError
from promotions.standings import states_of
from promotions.systems.decisioning.picks import Pick

M = TypeVar("M", bound=Model)


class PromotionListView(ApiView):
    @extend_schema(
        operation_id="promotions_list",
        summary="List promotions, newest first",
        tags=["Promotions"],
        parameters=[PromotionQuery],
        responses=paged(PromotionRowSerializer),
    )
    def get(self, request: Request) -> Response:
        query = PromotionQuery.read(request)
        rows = Promotion.objects.visible_to(self.user).select_related(
            "target_sandbox__organization", "target_organization", "source_organization", "package", "created_by"
        )
        filters = {
            "target_organization": query.get("organization"),
            "target_sandbox": query.get("sandbox"),
            "system": query.get("system"),
            "package": query.get("package"),
            "group": query.get("group"),
        }
        found = rows.filter(**{name: value for name, value in filters.items() if value is not None})
        if "journey" in query:
            journey = Journey.objects.visible_to(self.user).filter(pk=query["journey"]).first()
            found = found.filter(pk__in=promotions_of(journey, self.user)) if journey else found.none()
        page = keyset.page(found, NEWEST_FIRST, query.get("cursor", ""), size=query["limit"])
        states = states_of([row.pk for row in page.rows])
        for row in page.rows:
            row.state = states.get(row.pk, "")  # type: ignore[attr-defined]  # read by the serializer
        return self.answer_page(PromotionRowSerializer, page)

    @extend_schema(
        operation_id="promotions_create",
        summary="Plan a promotion",
        description="Of a published package, of a version of a journey, or of offers and decisions, which are migrated "
        "to Decisioning. Changes nothing at the platform. A job gathers the facts; the plan is open once it is over. "
        "For a migration a first job has the platform analyse what has to be mapped, once it is its turn: an "
        "organization has one workflow at a time.",
        tags=["Promotions"],
        request=PromotionInput,
        responses={201: PromotionDetailSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(PromotionInput)
        if "decisioning" in body:
            promotion = decisioning_plans.plan_migration(**migration_named(self.user, body), actor=self.user)
        elif "journey" in body:
            promotion = journey_plans.plan_promotion(
                **journey_named(self.user, body),
                sandbox=named("sandbox", access.sandbox_for_read, self.user, body),
                actor=self.user,
            )
        else:
            promotion = package_plans.plan_promotion(
                package=named("package", access.package_for_read, self.user, body),
                sandbox=named("sandbox", access.sandbox_for_read, self.user, body),
                job_name=body.get("job_name", ""),
                job_description=body.get("job_description", ""),
                actor=self.user,
                mode=PromotionMode(body["mode"]),
            )
        return self.answer(PromotionDetailSerializer, promotion, status=201, at="promotion-detail")


def named(field: str, find: Callable[[User, int], M], user: User, body: dict[str, Any]) -> M:
    """What a field of the body names; that it is not there is the field's fault, not the address's."""
    try:
        return find(user, body[field])
    except Http404 as exc:
        raise RefusedError(f"There is no {field} {body[field]}, or you may not see it.", field=field) from exc


def journey_named(user: User, body: dict[str, Any]) -> dict[str, Any]:
    """The journey and the version that a body names, as planning takes them."""
    journey = named("journey", access.journey_for_read, user, body)
    return {"journey": journey, "version_uid": journey_plans.version_named(journey, body.get("version", ""))}


def migration_named(user: User, body: dict[str, Any]) -> dict[str, Any]:
    """The sandboxes and the scope that a body names, as planning takes them."""
    said = body["decisioning"]
    source = named("source", access.sandbox_for_read, user, said)
    target = named("sandbox", access.sandbox_for_read, user, body)
    if source.organization_id != target.organization_id:
        raise RefusedError("Source and target have to be sandboxes of one organization.", field="source")
    ids = tuple(dict.fromkeys(said["ids"]))
    return {"pick": Pick(source.name, said["level"], ids, said["hours"]), "target": target}


class PromotionView(ApiView):
    @extend_schema(
        operation_id="promotions_retrieve",
        summary="One promotion with its current plan",
        tags=["Promotions"],
        responses=PromotionDetailSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(PromotionDetailSerializer, access.promotion_for_read(self.user, pk))

    @extend_schema(
        operation_id="promotions_update",
        summary="Change the name and text of the import",
        description="Of a package, while its plan is open. What is left out stays.",
        tags=["Promotions"],
        request=JobTextInput,
        responses=PromotionDetailSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        promotion = access.promotion_for_change(self.user, pk)
        body = self.body(JobTextInput)
        plans.edit_job(
            promotion=promotion,
            job_name=body.get("job_name", promotion.job_name),
            job_description=body.get("job_description", promotion.job_description),
            actor=self.user,
        )
        return self.answer(PromotionDetailSerializer, access.promotion_for_read(self.user, pk))


class PromotionAbandonView(ApiView):
    @extend_schema(
        operation_id="promotions_abandon",
        summary="Put a promotion away that will not be run",
        tags=["Promotions"],
        request=ReasonInput,
        responses=PromotionDetailSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        promotion = access.promotion_for_change(self.user, pk)
        plans.abandon(promotion=promotion, actor=self.user, reason=self.body(ReasonInput)["reason"])
        return self.answer(PromotionDetailSerializer, access.promotion_for_read(self.user, pk))


class PromotionRunAgainView(ApiView):
    @extend_schema(
        operation_id="promotions_run_again",
        summary="Plan the same for the same target anew",
        tags=["Promotions"],
        request=None,
        responses={201: PromotionDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        promotion = repeats.run_again(promotion=access.promotion_for_change(self.user, pk), actor=self.user)
        return self.answer(PromotionDetailSerializer, promotion, status=201, at="promotion-detail")


class PromotionMemoryView(ApiView):
    @extend_schema(
        operation_id="promotions_memory",
        summary="Offer earlier decisions on the same objects, or not",
        tags=["Promotions"],
        request=MemoryInput,
        responses=PromotionDetailSerializer,
    )
    def put(self, request: Request, pk: int) -> Response:
        promotion = access.promotion_for_change(self.user, pk)
        memory.offer(promotion=promotion, is_offered=self.body(MemoryInput)["is_memory_offered"], actor=self.user)
        return self.answer(PromotionDetailSerializer, access.promotion_for_read(self.user, pk))
