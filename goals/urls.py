from __future__ import annotations

from django.urls import path

from goals import views

app_name = "goals"
urlpatterns = [
    path("", views.goals, name="list"),
    path("new/", views.new, name="new"),
    path("asked/", views.asked, name="asked"),
    path("customers/", views.customers, name="customers"),
    path("<int:id>/", views.detail, name="detail"),
    path("<int:id>/edit/", views.edit, name="edit"),
    path("<int:id>/delete/", views.delete, name="delete"),
]
