"""Set-up of the first administrator, in the browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.errors import FirstRunClosedError, RefusedError
from accounts.forms.fields import show_refusal
from accounts.forms.people import FirstRunForm
from accounts.http import enter, posted
from accounts.services import first_run


@require_http_methods(["GET", "POST"])
@sensitive_post_parameters("code", "password")
@never_cache
def set_up(request: HttpRequest) -> HttpResponse:
    if not first_run.is_open():
        return redirect("account_login")
    form = FirstRunForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            user = first_run.set_up(**form.cleaned_data)
        except FirstRunClosedError:
            return redirect("account_login")
        except RefusedError as refusal:
            show_refusal(form, refusal)
        else:
            enter(request, user)
            return redirect("accounts:organization-list")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/first_run/set_up.html", {"form": form}, status=status)
