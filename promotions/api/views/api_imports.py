"""Imports of API versions: planning, rule, accounts, expression files, and ways to go on."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.crypto import UndecryptableError
from config.openapi import PROBLEM_REF
from config.parsers import UploadParser
from promotions import access
from promotions.access_apis import (
    api_version_for_read,
    archive_for_read,
    import_job_for_change,
    import_plan_for_change,
    import_plan_for_read,
)
from promotions.api.base import ApiView
from promotions.api.serializers.api_imports import (
    AccountInput,
    AccountSerializer,
    ApiImportInput,
    FileAccountSerializer,
    ImportRuleInput,
    RemedyInput,
    RemedySerializer,
)
from promotions.api.serializers.archives import ArchiveDetailSerializer, ExpressionsInput
from promotions.api.serializers.plans import PlanSerializer
from promotions.api.serializers.promotions import PromotionDetailSerializer
from promotions.api.views.promotions import named
from promotions.api_choices import DuplicateRule
from promotions.models import Job, Plan, PlanItem
from promotions.services import api_accounts, api_expressions, api_version_plans
from promotions.services.errors import RefusedError
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.advice import remedies
from promotions.systems.snaplogic.drafting import ACCOUNT_ITEM, VALUE_ITEM, account_key
from promotions.systems.snaplogic.filling import shown_accounts
from promotions.systems.snaplogic.picks import Pick
from promotions.systems.stored import NotFilledError


class ApiImportView(ApiView):
    @extend_schema(
        operation_id="api_imports_create",
        summary="Plan the import of an API version",
        description="Of a zip that is kept here, or of a version that a first job exports. Changes nothing at the "
        "platform. A job reads the zip and asks what the target holds; the plan is open once it is over.",
        tags=["API versions"],
        request=ApiImportInput,
        responses={201: PromotionDetailSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(ApiImportInput)
        find, field = (archive_for_read, "archive") if "archive" in body else (api_version_for_read, "api_version")
        expressions = named("expressions", archive_for_read, self.user, body) if "expressions" in body else None
        promotion = api_version_plans.plan_import(
            source=named(field, find, self.user, body),  # type: ignore[arg-type]  # either of the two
            target=named("organization", access.organization_for_read, self.user, body),
            api=body["api"],
            version=body["version"],
            rule=DuplicateRule(body["rule"]),
            types=body["types"],
            expressions=expressions,
            actor=self.user,
        )
        return self.answer(PromotionDetailSerializer, promotion, status=201, at="promotion-detail")


class PlanImportRuleView(ApiView):
    @extend_schema(
        operation_id="plans_import_rule",
        summary="Import an API version by another rule",
        description="The facts are gathered anew; decisions on accounts stay.",
        tags=["API versions"],
        request=ImportRuleInput,
        responses=PlanSerializer,
    )
    def put(self, request: Request, pk: int) -> Response:
        plan = import_plan_for_change(self.user, pk)
        body = self.body(ImportRuleInput)
        api_version_plans.change_rule(plan=plan, rule=DuplicateRule(body["rule"]), types=body["types"], actor=self.user)
        return self.answer(PlanSerializer, access.plan_for_read(self.user, pk))


class PlanAccountsView(ApiView):
    @extend_schema(
        operation_id="plans_accounts",
        summary="The accounts of an API version that is imported, with what can be edited in them",
        tags=["API versions"],
        responses=AccountSerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response(AccountSerializer(_accounts(import_plan_for_read(self.user, pk)), many=True).data)


class PlanAccountView(ApiView):
    @extend_schema(
        operation_id="plans_edit_account",
        summary="Edit an account that goes along",
        description="What is not named stays as it is decided. Every secret of an edited account has to be given in "
        "clear, even unchanged, since the import encrypts again: until then the plan does not run.",
        tags=["API versions"],
        request=AccountInput,
        responses=AccountSerializer,
    )
    def put(self, request: Request, pk: int, uuid: str) -> Response:
        plan = self._with_account(pk, uuid)
        body = self.body(AccountInput)
        api_accounts.edit(plan=plan, uuid=uuid, typed=body["values"], stored=body["stored"], actor=self.user)
        found = next(one for one in _accounts(import_plan_for_read(self.user, pk)) if one["uuid"] == uuid)
        return self.answer(AccountSerializer, found)

    @extend_schema(
        operation_id="plans_leave_account",
        summary="Let an account go as exported after all",
        description="What was typed for it is forgotten.",
        tags=["API versions"],
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int, uuid: str) -> Response:
        api_accounts.leave(plan=self._with_account(pk, uuid), uuid=uuid, actor=self.user)
        return Response(status=204)

    def _with_account(self, pk: int, uuid: str) -> Plan:
        plan = import_plan_for_change(self.user, pk)
        if "\0" in uuid or not plan.items.filter(key=account_key(uuid)).exists():
            raise Http404("The export holds no such account.")
        return plan


class PlanFileAccountView(ApiView):
    @extend_schema(
        operation_id="plans_file_account",
        summary="What goes along for the edited accounts, with secrets masked",
        tags=["API versions"],
        responses={200: FileAccountSerializer, (422, "application/problem+json"): PROBLEM_REF},
    )
    def get(self, request: Request, pk: int) -> Response:
        try:
            text = shown_accounts(import_plan_for_read(self.user, pk))
        except (NotFilledError, UndecryptableError) as exc:
            raise RefusedError(str(exc)) from exc
        return self.answer(FileAccountSerializer, {"text": text})


class PlanExpressionsView(ApiView):
    def get_parsers(self) -> list[BaseParser]:
        return [UploadParser()]

    @extend_schema(
        operation_id="plans_add_expressions",
        summary="Send expression files along, instead of what was added before",
        description="The facts are gathered anew. A file of the same name in the target is overwritten, by every rule.",
        tags=["API versions"],
        request={"multipart/form-data": ExpressionsInput},
        responses={201: ArchiveDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        plan = import_plan_for_change(self.user, pk)
        files = [(file.name or "", file.chunks()) for file in self.form(ExpressionsInput, "expressions")["expressions"]]
        archive = api_expressions.add(plan=plan, files=files, actor=self.user)
        return self.answer(ArchiveDetailSerializer, archive, status=201, at="archive-detail")

    @extend_schema(
        operation_id="plans_remove_expressions",
        summary="Send no expression files along after all",
        tags=["API versions"],
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        api_expressions.remove(plan=import_plan_for_change(self.user, pk), actor=self.user)
        return Response(status=204)


class JobRemediesView(ApiView):
    @extend_schema(
        operation_id="jobs_remedies",
        summary="Ways to go on after the import of an API version",
        tags=["API versions"],
        responses=RemedySerializer(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        job = access.job_for_read(self.user, pk)
        if job.kind != kinds.IMPORT:
            raise Http404
        return Response(RemedySerializer(_remedies(job), many=True).data)

    @extend_schema(
        operation_id="jobs_apply_remedy",
        summary="Plan the same zip again, as one of these ways says",
        tags=["API versions"],
        request=RemedyInput,
        responses={201: PromotionDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = import_job_for_change(self.user, pk)
        promotion = api_version_plans.apply_remedy(job=job, key=self.body(RemedyInput)["key"], actor=self.user)
        return self.answer(PromotionDetailSerializer, promotion, status=201, at="promotion-detail")


def _accounts(plan: Plan) -> list[dict[str, Any]]:
    edited = set(Pick.of(plan.promotion).accounts)
    items = list(plan.items.filter(type__in=(ACCOUNT_ITEM, VALUE_ITEM)))
    values = {(item.details["uuid"], item.details["pointer"]): item for item in items if item.type == VALUE_ITEM}
    return [
        {
            **{name: item.details[name] for name in ("uuid", "name", "class_id")},
            "item": item.pk,
            "is_edited": item.details["uuid"] in edited,
            "leaves": [
                {**leaf, **_decided(values.get((item.details["uuid"], leaf["pointer"])))}
                for leaf in item.details["leaves"]
            ],
        }
        for item in items
        if item.type == ACCOUNT_ITEM
    ]


def _decided(item: PlanItem | None) -> dict[str, Any]:
    if item is None:
        return {"item": None, "decision": None, "target": None, "choices": []}
    return {"item": item.pk, "decision": item.decision, "target": item.target, "choices": item.choices}


def _remedies(job: Job) -> list[dict[str, Any]]:
    return [
        {
            **vars(one),
            "version": {"api": one.version[0], "version": one.version[1]} if one.version else None,
        }
        for one in remedies(job)
    ]
