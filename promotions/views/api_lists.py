"""API versions: the list, and adding one to it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.filters import Chip, Filter
from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, posted
from promotions import access_apis
from promotions.api_choices import LifecycleAct
from promotions.api_lists import API_VERSION_ORDERS, api_version_page, latest_imports
from promotions.forms.apis import ApiVersionFilterForm, NameVersionForm
from promotions.keyset import capped_count
from promotions.models import ApiVersion, Job
from promotions.services import api_versions
from promotions.services.errors import ConflictError, RefusedError


@dataclass(frozen=True)
class ListRow:
    version: ApiVersion
    latest_import: Job | None
    may_change: bool

    @property
    def asset_count(self) -> int:
        return sum(len(names) for names in self.version.assets.values())


@login_required
@require_GET
def api_version_list(request: AuthenticatedRequest) -> HttpResponse:
    form = ApiVersionFilterForm(request.GET, reader=request.user)
    targets = {one.pk for one in access_apis.api_targets(request.user)}
    context: dict[str, Any] = {
        "form": form,
        "all_url": request.path,
        "has_environments": access_apis.api_environments(request.user).exists(),
        "may_add": bool(targets),
        "may_add_organization": request.user.is_superuser,
        "acts": list(LifecycleAct),
    }
    if not form.is_valid():
        return render(request, "promotions/apis/list.html", context, status=422)
    return render(request, "promotions/apis/list.html", context | _rows(request, form, targets))


def _rows(request: AuthenticatedRequest, form: ApiVersionFilterForm, targets: set[int]) -> dict[str, Any]:
    wanted = Filter(form, request.GET, request.path)
    filters = form.filters()
    page = api_version_page(request.user, filters, API_VERSION_ORDERS[form.order_name], request.GET.get("cursor", ""))
    visible = access_apis.api_versions_for_read(request.user)
    is_whole = not (page.newer or page.older)
    count, is_more = (len(page.rows), False) if is_whole else capped_count(filters.narrowed(visible))
    chips = [
        Chip(
            form.words_for(name),
            wanted.without(name),
            not page.rows and form.filters(without=name).narrowed(visible).exists(),
        )
        for name in form.active()
    ]
    imports = latest_imports(page.rows)
    is_newest_first = form.order_name == "-added"
    return {
        "rows": [ListRow(row, imports.get(row.pk), row.organization_id in targets) for row in page.rows],
        "may_tick": any(row.organization_id in targets for row in page.rows),
        "chips": chips,
        "cures": [chip for chip in chips if chip.is_cure],
        "newer_url": wanted.url(cursor=[page.newer]) if page.newer else "",
        "older_url": wanted.url(cursor=[page.older]) if page.older else "",
        "newer_label": "" if is_newest_first else "Previous",
        "older_label": "" if is_newest_first else "Next",
        "shown": f"{count:,}{'+' if is_more else ''} API version{'' if count == 1 and not is_more else 's'}",
    }


@login_required
@require_http_methods(["GET", "POST"])
def api_version_add(request: AuthenticatedRequest) -> HttpResponse:
    """Name a version that is there already, since no call lists them."""
    environments = access_apis.require_api_targets(request.user)
    only = {"organization": environments[0].pk} if len(environments) == 1 else {}
    form = NameVersionForm(posted(request), environments=environments, initial={**only, **request.GET.dict()})
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                row = api_versions.name(**form.cleaned_data, actor=request.user)
            except RefusedError as refusal:
                show_refusal(form, refusal)
                status = 409 if isinstance(refusal, ConflictError) else 422
            else:
                messages.success(
                    request, f"{row} is in the list. Towpath did not ask the platform whether it is there."
                )
                return redirect("promotions:api-version-detail", pk=row.pk)
    return render(request, "promotions/apis/add.html", {"form": form}, status=status)
