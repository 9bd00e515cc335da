from django.contrib import admin
from django.urls import include, path

from dashboards import home
from goals.my_day_views import my_day
from kpi_tracker import health
from kpi_tracker.metrics import metrics

handler500 = "kpi_tracker.unavailable.server_error"

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("", home.home, name="home"),
    path("language/", home.language, name="language"),
    path("o/<slug:org>/", include("dashboards.urls")),
    path("o/<slug:org>/goals/", include("goals.urls")),
    path("o/<slug:org>/my-day/", my_day, name="my_day"),
    path("o/<slug:org>/import/", include("integrations.urls")),
    path("api/v1/", include("kpi_tracker.api_urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
