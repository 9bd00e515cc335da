from __future__ import annotations

from django.urls import path

from integrations import targets_views, views

app_name = "integrations"
urlpatterns = [
    path("", views.upload, name="import"),
    path("targets/", targets_views.upload, name="targets"),
    path("<int:id>/", views.file, name="file"),
    path("<int:id>/confirm/", views.confirm, name="confirm"),
    path("<int:id>/again/", views.again, name="again"),
    path("<int:id>/discard/", views.discard, name="discard"),
]
