"""Building packages: a new one, one like another, more objects for a draft."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.forms.fields import show_refusal
from accounts.http import AuthenticatedRequest, posted
from accounts.models import Sandbox
from promotions import access
from promotions.choices import PackageType
from promotions.forms.package_building import NewPackageForm, PastedForm
from promotions.forms.package_objects import Gathered, Offer, offers_of
from promotions.models import Job, Package
from promotions.services import building, package_names, package_refusals
from promotions.services.errors import ConflictError, RefusedError
from promotions.views import package_objects

CREATE_PAGE = "promotions/packages/create.html"
ADD_PAGE = "promotions/packages/add.html"
GATHERED = "promotions/packages/_gathered.html"


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def package_create(request: AuthenticatedRequest) -> HttpResponse:
    """A new draft with its first objects; nothing is sent before the person has seen what was understood."""
    if not access.operates_any(request.user):
        raise PermissionDenied("Building packages needs the role operator.")
    page = _NewPackagePage(request, reverse("promotions:package-create"))
    return page.answer([])


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def package_clone(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """A new draft that begins with the objects of another package."""
    source = access.package_for_operation(request.user, pk)
    page = _NewPackagePage(request, reverse("promotions:package-clone", args=[pk]), source)
    return page.answer([] if source.is_full else offers_of(source))


class _NewPackagePage:
    """The form of a new package, on its own or as a copy."""

    def __init__(self, request: AuthenticatedRequest, url: str, source: Package | None = None) -> None:
        self.request, self.url, self.source = request, url, source
        self.sandboxes = access.source_sandboxes(request.user)
        if source is not None:
            self.sandboxes = [one for one in self.sandboxes if one.organization_id == source.organization_id]
        self.form = NewPackageForm(
            posted(request), sandboxes=self.sandboxes, page_url=url, initial=self._initial(request, source)
        )

    def _initial(self, request: AuthenticatedRequest, source: Package | None) -> dict[str, Any]:
        if source is None:
            return {"name": request.GET.get("name", "")}
        home = next((one.pk for one in self.sandboxes if one.name == source.source_sandbox), None)
        return {
            "name": package_names.free_name(source.organization, source.name),
            "description": source.description,
            "package_type": source.package_type,
            "sandbox": home,
        }

    def answer(self, untouched: Sequence[Offer]) -> HttpResponse:
        request = self.request
        scene = package_objects.Scene(request, self._sandbox(), untouched=untouched)
        if request.method == "GET":
            return self._page(scene)
        is_full = self.form.data.get("package_type") == PackageType.FULL
        if request.htmx:
            return render(request, GATHERED, scene.context(self.url))
        if scene.act:
            self.form.errors.clear()  # a look at the objects is no sending
            return self._page(scene)
        if self.form.is_valid():
            reason = "" if is_full else scene.gathered.reason
            if reason:
                self.form.add_error("text" if scene.gathered.lines else None, reason)
            else:
                try:
                    job = self._create(scene.gathered, is_full=is_full)
                except RefusedError as refusal:
                    show_refusal(self.form, refusal)
                    return self._page(scene, status=409 if isinstance(refusal, ConflictError) else 422)
                return redirect("promotions:job-detail", pk=job.pk)
        return self._page(scene, status=422)

    def _sandbox(self) -> Sandbox | None:
        """The chosen one, also while the rest of the form cannot be used yet."""
        wanted = str(self.form["sandbox"].value() or "")
        only = self.sandboxes[0] if len(self.sandboxes) == 1 else None
        return next((one for one in self.sandboxes if str(one.pk) == wanted), only)

    def _create(self, gathered: Gathered, *, is_full: bool) -> Job:
        said = self.form.cleaned_data
        return building.create_package(
            organization=said["sandbox"].organization,
            name=said["name"],
            description=said["description"],
            package_type=said["package_type"],
            sandbox=said["sandbox"],
            expires_at=said["expires_at"],
            artifacts=[] if is_full else gathered.artifacts,
            publishes=said["publishes"],
            actor=self.request.user,
        )

    def _page(self, scene: package_objects.Scene, *, status: int = 200) -> HttpResponse:
        context = {
            **scene.context(self.url),
            "form": self.form,
            "source": self.source,
            "sandboxes": self.sandboxes,
            "organization": self.source.organization if self.source else None,
        }
        return render(self.request, CREATE_PAGE, context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def package_add(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """More objects for a draft."""
    package = access.package_for_operation(request.user, pk)
    url = reverse("promotions:package-add", args=[pk])
    form = PastedForm(posted(request), page_url=url)
    scene = package_objects.Scene(request, access.sandbox_of(package), package=package)
    if request.htmx:
        return render(request, GATHERED, scene.context(url))
    status = 200
    if request.method == "POST" and not scene.act:
        status = 422
        if form.is_valid():
            reason = scene.gathered.reason or ("" if scene.gathered.artifacts else "Name an object to add.")
            if reason:
                form.add_error("text", reason)
            else:
                try:
                    job = building.add_artifacts(
                        package=package, artifacts=scene.gathered.artifacts, actor=request.user
                    )
                except RefusedError as refusal:
                    show_refusal(form, refusal)
                    status = 409 if isinstance(refusal, ConflictError) else 422
                else:
                    return redirect("promotions:job-detail", pk=job.pk)
    return render(
        request,
        ADD_PAGE,
        {
            **scene.context(url),
            "form": form,
            "package": package,
            "organization": package.organization,
            "why_not": package_refusals.reason_not_to_change(package),
        },
        status=status,
    )
