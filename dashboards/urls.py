from __future__ import annotations

from django.urls import path

from dashboards import views
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
    path("records/<str:kpi>/", views.records, name="records"),
    path("people/", views.people, name="people"),
    path("customers/", views.customers, name="customers"),
    path("kpis/", views.kpis, name="kpis"),
]
