"""The addresses of the API: `/api/v1/…`. A collection ends with a slash, what is in it does not."""

from __future__ import annotations

from django.urls import URLPattern, path

from dashboards import api as kpis
from goals import api as goals
from integrations import api as records
from kpi_tracker import api_docs

COLLECTIONS: dict[str, type[records.Rows]] = {
    "teams": records.Teams,
    "reps": records.Reps,
    "customers": records.Customers,
    "contacts": records.Contacts,
    "leads": records.Leads,
    "deals": records.Deals,
    "stage-changes": records.StageChanges,
    "contracts": records.Contracts,
    "activities": records.Activities,
    "costs": records.Costs,
}


def collection(name: str, view: type[records.Rows]) -> list[URLPattern]:
    found = [
        path(f"{name}/", view.as_view({"get": "list"}), name=f"{name}-list"),
        path(f"{name}/<int:pk>", view.as_view({"get": "retrieve"}), name=f"{name}-one"),
    ]
    if issubclass(view, records.Records):
        found.append(path(f"{name}/bulk", view.as_view({"post": "bulk"}), name=f"{name}-bulk"))
    return found


app_name = "api"
urlpatterns = [
    *(pattern for name, view in COLLECTIONS.items() for pattern in collection(name, view)),
    path("kpis/", kpis.Kpis.as_view(), name="kpis-list"),
    path("kpis/<str:key>/values", kpis.KpiValues.as_view(), name="kpis-values"),
    path("goals/", goals.Goals.as_view(), name="goals-list"),
    path("goals/<int:pk>", goals.OneGoal.as_view(), name="goals-one"),
    path("schema", api_docs.Schema.as_view(), name="schema"),
    path("docs", api_docs.Docs.as_view(), name="docs"),
    path("<path:rest>", api_docs.Nothing.as_view(), name="nothing"),
]
