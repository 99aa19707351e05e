"""What waits for the caller, and their saved views of the job list."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView, ListQuery, paged
from promotions.api.serializers.home import NeedsSerializer, SavedViewInput, SavedViewSerializer, ViewNameInput
from promotions.keyset import Order
from promotions.models import Job
from promotions.services import saved_views
from promotions.views import needs

BY_NAME = Order("name", is_descending=False)


class NeedsView(ApiView):
    @extend_schema(
        operation_id="needs_list",
        summary="What needs me",
        description="Approvals, partnerships that others ask for, packages that arrived, transfers that are slow or "
        "failed, jobs that need attention, plans to decide or run, credentials and packages that expire: what the home "
        "page shows, a few of each kind.",
        tags=["Home"],
        responses=NeedsSerializer,
    )
    def get(self, request: Request) -> Response:
        jobs = Job.objects.visible_to(self.user).filter(is_quiet=False)
        found = needs.needs_of(self.user, jobs.select_related("organization", "sandbox__organization", "requested_by"))
        return self.answer(NeedsSerializer, {"results": found})


class SavedViewListView(ApiView):
    @extend_schema(
        operation_id="job_views_list",
        summary="List my saved views of the job list",
        tags=["Jobs"],
        parameters=[ListQuery],
        responses=paged(SavedViewSerializer),
    )
    def get(self, request: Request) -> Response:
        return self.page(SavedViewSerializer, self.user.saved_views.all(), BY_NAME, ListQuery.read(request))

    @extend_schema(
        operation_id="job_views_create",
        summary="Save a view of the job list",
        tags=["Jobs"],
        request=SavedViewInput,
        responses={201: SavedViewSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        view = saved_views.save_view(**self.body(SavedViewInput), actor=self.user)
        return self.answer(SavedViewSerializer, view, status=201)


class SavedViewView(ApiView):
    @extend_schema(
        operation_id="job_views_rename",
        summary="Rename a saved view",
        tags=["Jobs"],
        request=ViewNameInput,
        responses=SavedViewSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        view = access.saved_view_for_owner(self.user, pk)
        saved_views.rename_view(view=view, **self.body(ViewNameInput), actor=self.user)
        return self.answer(SavedViewSerializer, view)

    @extend_schema(
        operation_id="job_views_delete",
        summary="Delete a saved view",
        description="Only the name goes; the jobs stay as they are.",
        tags=["Jobs"],
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        saved_views.delete_view(view=access.saved_view_for_owner(self.user, pk), actor=self.user)
        return Response(status=204)
