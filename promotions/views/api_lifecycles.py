"""Planning a change of the life of API versions: publish, unpublish, deprecate, retire."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest
from promotions import access_apis
from promotions.api_choices import ALLOWED_FROM, LifecycleAct
from promotions.forms.api_lifecycles import FORMS
from promotions.models import ApiVersion
from promotions.services import api_lifecycles
from promotions.services.errors import RefusedError
from promotions.systems.snaplogic.acts import DONE, MEANS, Act


@login_required
@require_http_methods(["GET", "POST"])
def api_lifecycle(request: AuthenticatedRequest) -> HttpResponse:
    """What is done to which versions, and what the platform is told besides; nothing happens before the plan is run."""
    access_apis.require_api_targets(request.user)
    asked = request.POST if request.method == "POST" else request.GET
    pks = {int(one) for one in asked.getlist("version") if one.isdecimal() and len(one) <= 18}
    rows = access_apis.api_versions_for_change(request.user, pks)
    act = LifecycleAct(asked["act"]) if asked.get("act") in LifecycleAct.values else None
    why = _why_not(act, rows)
    if act is None or why:
        messages.error(request, why)
        environments = {row.organization_id for row in rows}
        one = f"?organization={environments.pop()}" if len(environments) == 1 else ""
        return redirect(f"{reverse('promotions:api-version-list')}{one}")
    fitting = [row for row in rows if row.state in ALLOWED_FROM[act]]
    form_class = FORMS[act]
    form = form_class(request.POST, request.FILES) if request.method == "POST" else form_class()
    if form.is_bound and form.is_valid():
        wanted = Act(act=act, versions=tuple((row.api, row.version) for row in rows), **form.told)
        try:
            promotion = api_lifecycles.plan_change(organization=rows[0].organization, act=wanted, actor=request.user)
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("promotions:promotion-detail", pk=promotion.pk)
    return render(
        request,
        "promotions/apis/lifecycle.html",
        {
            "form": form,
            "act": act,
            "done": DONE[act],
            "means": MEANS[act],
            "is_final": act == LifecycleAct.RETIRE,
            "rows": [(row, row in fitting) for row in rows],
            "is_blocked": len(fitting) < len(rows),
            "fitting_count": len(fitting),
            "fitting_url": address(act, fitting),
            "organization": rows[0].organization,
        },
        status=422 if form.is_bound else 200,
    )


def address(act: LifecycleAct, rows: list[ApiVersion]) -> str:
    """Where this act on these versions is planned."""
    query = QueryDict(mutable=True)
    query["act"] = act
    query.setlist("version", [str(row.pk) for row in rows])
    return f"{reverse('promotions:api-lifecycle')}?{query.urlencode()}"


def _why_not(act: LifecycleAct | None, rows: list[ApiVersion]) -> str:
    """In words why there is nothing to fill in; empty if there is."""
    if act is None:
        return "Choose what to do: publish, unpublish, deprecate or retire."
    if not rows:
        return f"Tick the versions to be {DONE[act]} first."
    if len({row.organization_id for row in rows}) > 1:
        return "Tick versions of one environment: each environment is changed by itself."
    if act == LifecycleAct.PUBLISH and len(rows) > 1:
        return "Publish one version at a time: each has a specification of its own."
    if len(rows) > api_lifecycles.VERSIONS_LIMIT:
        return f"Tick at most {api_lifecycles.VERSIONS_LIMIT} versions at once."
    return ""
