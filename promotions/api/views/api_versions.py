"""API versions: list, name, detail, forget, state, listing; and planning changes of their life."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.access_apis import api_version_for_change, api_version_for_read
from promotions.api.base import ApiView, paged
from promotions.api.serializers.api_versions import (
    ApiVersionDetailSerializer,
    ApiVersionInput,
    ApiVersionQuery,
    ApiVersionSerializer,
    ApiVersionStateInput,
    LifeCycleInput,
)
from promotions.api.serializers.jobs import JobDetailSerializer
from promotions.api.serializers.promotions import PromotionDetailSerializer
from promotions.api.views.promotions import named
from promotions.api_choices import ApiVersionState, LifecycleAct
from promotions.api_lists import API_VERSION_ORDERS, ApiVersionFilters, api_version_page
from promotions.services import api_lifecycles, api_versions
from promotions.systems.snaplogic.acts import Act


class ApiVersionListView(ApiView):
    @extend_schema(
        operation_id="api_versions_list",
        summary="List the API versions that are known here",
        description="Those that people named and runs have shown: the platform lists none.",
        tags=["API versions"],
        parameters=[ApiVersionQuery],
        responses=paged(ApiVersionSerializer),
    )
    def get(self, request: Request) -> Response:
        query = ApiVersionQuery.read(request)
        filters = ApiVersionFilters(
            organization_id=query.get("organization"), state=query.get("state", ""), text=query.get("q", "")
        )
        page = api_version_page(
            self.user, filters, API_VERSION_ORDERS[query["order"]], query.get("cursor", ""), size=query["limit"]
        )
        return self.answer_page(ApiVersionSerializer, page)

    @extend_schema(
        operation_id="api_versions_name",
        summary="Name an API version, so that it is known here",
        description="Nothing is asked of the platform. A version that is known is refused with 409.",
        tags=["API versions"],
        request=ApiVersionInput,
        responses={201: ApiVersionDetailSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(ApiVersionInput)
        row = api_versions.name(
            organization=named("organization", access.organization_for_read, self.user, body),
            api=body["api"],
            version=body["version"],
            actor=self.user,
        )
        return self.answer(ApiVersionDetailSerializer, row, status=201, at="api-version-detail")


class ApiVersionView(ApiView):
    @extend_schema(
        operation_id="api_versions_retrieve",
        summary="One API version",
        tags=["API versions"],
        responses=ApiVersionDetailSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(ApiVersionDetailSerializer, api_version_for_read(self.user, pk))

    @extend_schema(
        operation_id="api_versions_forget",
        summary="Take an API version out of the list",
        description="It stays at the platform, and what was run with it stays in the record.",
        tags=["API versions"],
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        api_versions.forget(api_version=api_version_for_change(self.user, pk), actor=self.user)
        return Response(status=204)


class ApiVersionStateView(ApiView):
    @extend_schema(
        operation_id="api_versions_note_state",
        summary="Note in which state an API version is",
        description="Changes nothing at the platform, which tells no state.",
        tags=["API versions"],
        request=ApiVersionStateInput,
        responses=ApiVersionDetailSerializer,
    )
    def put(self, request: Request, pk: int) -> Response:
        row = api_version_for_change(self.user, pk)
        state = ApiVersionState(self.body(ApiVersionStateInput)["state"])
        if row.state != state:
            api_versions.note_state(api_version=row, state=state, actor=self.user)
        return self.answer(ApiVersionDetailSerializer, api_version_for_read(self.user, pk))


class ApiVersionListingView(ApiView):
    @extend_schema(
        operation_id="api_versions_list_assets",
        summary="Have the assets of an API version listed",
        description="Starts a job, or answers with the one that is under way.",
        tags=["API versions"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        job = api_versions.request_listing(api_version=api_version_for_read(self.user, pk), actor=self.user)
        return self.answer(JobDetailSerializer, job, status=202, at="job-detail")


class LifeCycleView(ApiView):
    @extend_schema(
        operation_id="api_life_cycles_create",
        summary="Plan to publish, unpublish, deprecate or retire API versions",
        description="Changes nothing at the platform before the plan is confirmed, agreed to where that is needed, and "
        "run. Retiring is final.",
        tags=["API versions"],
        request=LifeCycleInput,
        responses={201: PromotionDetailSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        body = self.body(LifeCycleInput)
        organization = named("organization", access.organization_for_read, self.user, body)
        told = {name: value for name, value in body.items() if name not in ("organization", "act", "versions")}
        versions = tuple((one["api"], one["version"]) for one in body["versions"])
        promotion = api_lifecycles.plan_change(
            organization=organization, act=Act(LifecycleAct(body["act"]), versions, **told), actor=self.user
        )
        return self.answer(PromotionDetailSerializer, promotion, status=201, at="promotion-detail")
