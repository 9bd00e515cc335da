"""Addresses outside any organisation: where a person lands, and the language."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from kpi_tracker.orgs.models import Membership, TeamManager, User
from kpi_tracker.orgs.selectors import member_scope, valid_on
from kpi_tracker.scope import Role, Scope
from kpi_tracker.web import public


def landing(scope: Scope) -> HttpResponseRedirect:
    """A rep's day, a manager's first team, else the organisation."""
    org = scope.organisation.slug
    if scope.role is Role.MANAGER:
        today = scope.organisation.local_day(timezone.now())
        managed = TeamManager.objects.within(scope).filter(valid_on(today), user_id=scope.user_id or 0)
        if (team := managed.order_by("valid_from", "id").values_list("team_id", flat=True).first()) is not None:
            return redirect("dashboards:team_now", org=org, id=team)
    if scope.role is Role.REP and scope.rep_id is not None:
        return redirect("my_day", org=org)
    if scope.sees_organisation:
        return redirect("dashboards:organisation_now", org=org)
    return redirect("dashboards:people", org=org)


@public
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the person's own first page; who belongs nowhere yet is told whom to ask."""
    membership = Membership.objects.filter(user_id=request.user.pk or 0).select_related("organisation").order_by("id").first()
    if membership is None:
        return render(request, "no_membership.html")
    return landing(member_scope(membership))


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the person's language, and go back to where they were."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES) and translation.check_for_language(chosen):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=31_536_000, samesite="Lax", secure=request.is_secure())
        if isinstance(request.user, User):
            request.user.language = chosen
            request.user.save(update_fields=["language"])
    return response
