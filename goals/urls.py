from __future__ import annotations

from django.urls import path

from goals import agreement_views, cascade_views, defaults_views, grid_views, review_views, views

app_name = "goals"
urlpatterns = [
    path("", views.goals, name="list"),
    path("new/", views.new, name="new"),
    path("asked/", views.asked, name="asked"),
    path("customers/", views.customers, name="customers"),
    path("grid/", grid_views.target_grid, name="grid"),
    path("grid/file/", grid_views.grid_file, name="grid_file"),
    path("defaults/", defaults_views.defaults, name="defaults"),
    path("defaults/<int:id>/delete/", defaults_views.default_delete, name="default_delete"),
    path("<int:id>/split/", cascade_views.split_page, name="split"),
    path("<int:id>/carry/", cascade_views.carry, name="carry"),
    path("<int:id>/", views.detail, name="detail"),
    path("<int:id>/edit/", views.edit, name="edit"),
    path("<int:id>/delete/", views.delete, name="delete"),
    path("<int:id>/propose/", agreement_views.propose, name="propose"),
    path("<int:id>/answer/", agreement_views.answer, name="answer"),
    path("<int:id>/take/", agreement_views.take, name="take"),
    path("<int:id>/decide/", agreement_views.decide, name="decide"),
    path("<int:id>/withdraw/", agreement_views.withdraw, name="withdraw"),
    path("<int:id>/review/", review_views.review, name="review"),
    path("<int:id>/close/", review_views.close, name="close"),
    path("<int:id>/comment/", review_views.comment, name="comment"),
]
