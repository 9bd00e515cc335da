from __future__ import annotations

from django.urls import path

from dashboards import (
    closing_views,
    live,
    operations_views,
    own_kpis_types,
    own_kpis_views,
    views,
    views_calendar,
    views_currencies,
    views_kpis,
    views_math,
    views_teams,
)
from goals import plan_views
from kpi_tracker.kpis.metrics import SubjectKind

app_name = "dashboards"


def subject(kind: SubjectKind, prefix: str) -> list[object]:
    """Two addresses: the current month, and any time."""
    return [
        path(f"{prefix}/", views.now, {"kind": kind}, name=f"{kind}_now"),
        path(f"{prefix}/<str:grain>/<str:start>/", views.subject, {"kind": kind}, name=kind.value),
    ]


urlpatterns = [
    *subject(SubjectKind.ORGANISATION, "organisation"),
    *subject(SubjectKind.TEAM, "team/<int:id>"),
    *subject(SubjectKind.REP, "rep/<int:id>"),
    *subject(SubjectKind.CUSTOMER, "customer/<int:id>"),
    path("live", live.live, name="live"),
    path("records/<str:kpi>/", views_math.records, name="records"),
    path("plan/", plan_views.plan, name="plan"),
    path("people/", views.people, name="people"),
    path("teams/", views_teams.teams, name="teams"),
    path("teams/place/", views_teams.place, name="team_place"),
    path("teams/place/<int:id>/delete/", views_teams.place_delete, name="team_place_delete"),
    path("teams/rep/<int:id>/", views_teams.rep_stays, name="rep_stays"),
    path("teams/stay/<int:id>/", views_teams.stay_edit, name="stay_edit"),
    path("teams/stay/<int:id>/delete/", views_teams.stay_delete, name="stay_delete"),
    path("customers/", views.customers, name="customers"),
    path("calendar/", views_calendar.calendar, name="calendar"),
    path("calendar/change/", views_calendar.change, name="calendar_change"),
    path("calendar/close/", views_calendar.close, name="calendar_close"),
    path("calendar/close/<int:id>/delete/", views_calendar.reopen, name="calendar_reopen"),
    path("calendar/leave/", views_calendar.leave_add, name="leave_add"),
    path("calendar/leave/<int:id>/", views_calendar.leave_edit, name="leave_edit"),
    path("calendar/leave/<int:id>/delete/", views_calendar.leave_delete, name="leave_delete"),
    path("currencies/", views_currencies.currencies, name="currencies"),
    path("currencies/change/", views_currencies.change, name="currencies_change"),
    path("currencies/rate/", views_currencies.rate_add, name="rate_add"),
    path("currencies/rates/", views_currencies.rates_paste, name="rates_paste"),
    path("currencies/rate/<int:id>/", views_currencies.rate_edit, name="rate_edit"),
    path("currencies/rate/<int:id>/delete/", views_currencies.rate_delete, name="rate_delete"),
    path("closed/", closing_views.months, name="closed"),
    path("closed/rule/", closing_views.rule, name="closed_rule"),
    path("closed/<str:month>/", closing_views.month, name="closed_month"),
    path("closed/<str:month>/close/", closing_views.close, name="closed_close"),
    path("closed/<str:month>/reopen/", closing_views.reopen, name="closed_reopen"),
    path("closed/<str:month>/figure/<str:kpi>/", closing_views.figure, name="closed_figure"),
    path("operations/", operations_views.operations, name="operations"),
    path("operations/rebuild/", operations_views.rebuild, name="operations_rebuild"),
    path("kpis/", views_kpis.handbook, name="kpis"),
    path("kpis/own/", own_kpis_views.own_kpis, name="own_kpis"),
    path("kpis/own/new/", own_kpis_views.new, name="own_kpi_new"),
    path("kpis/own/preview/", own_kpis_views.form_preview, name="own_kpi_preview"),
    path("kpis/own/<int:id>/", own_kpis_views.own_kpi, name="own_kpi"),
    path("kpis/own/<int:id>/change/", own_kpis_views.change, name="own_kpi_change"),
    path("kpis/own/<int:id>/switch/", own_kpis_views.switch, name="own_kpi_switch"),
    path("kpis/own/<int:id>/delete/", own_kpis_views.delete, name="own_kpi_delete"),
    path("kpis/own/types/", own_kpis_types.activity_types, name="activity_types"),
    path("kpis/own/types/<int:id>/", own_kpis_types.activity_type, name="activity_type"),
    path("kpis/advice/", views_kpis.advice, name="kpi_advice"),
    path("kpis/advice/cards/", views_kpis.cards, name="kpi_cards"),
    path("kpis/one/<str:kpi>/", views_kpis.detail, name="kpi"),
]
