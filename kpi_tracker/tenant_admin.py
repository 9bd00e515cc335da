"""The admin site and what the admin of every tenant table shares. The admin sees all organisations: superusers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    ModelForm = forms.ModelForm[Any]
else:
    ModelAdmin = admin.ModelAdmin
    ModelForm = forms.ModelForm


class Choices(AutocompleteJsonView):
    """Names the organisation beside each choice: two of them may each have a team called North."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        found = super().serialize_result(obj, to_field_name)
        if hasattr(obj, "organisation"):
            found["text"] = f"{obj} · {obj.organisation}"
        return found


class Site(admin.AdminSite):
    site_header = site_title = "KPI Tracker"
    index_title = _("All organisations")

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Everybody signs in at one door, which counts failed attempts."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return Choices.as_view(admin_site=self)(request)  # type: ignore[return-value]


class TenantForm(ModelForm):
    """A record and all that it names belong to one organisation."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        organisation = cleaned.get("organisation") or getattr(self.instance, "organisation", None)
        for name, value in list(cleaned.items()):
            theirs = getattr(value, "organisation_id", None)
            if organisation is not None and theirs is not None and theirs != organisation.pk:
                self.add_error(name, forms.ValidationError(_("That record belongs to another organisation."), code="other_organisation"))
        return cleaned


class TenantAdmin(ModelAdmin):
    form = TenantForm
    list_per_page = 50
    list_select_related: ClassVar[Any] = ["organisation"]
    show_full_result_count = False  # counting a table of millions twice helps nobody

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(*self.list_select_related)


class ReadOnlyAdmin(TenantAdmin):
    """For tables that only jobs write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
