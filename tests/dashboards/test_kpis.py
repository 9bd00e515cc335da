"""The handbook of KPIs."""

from __future__ import annotations

from django.urls import reverse

from kpi_tracker.kpis import registry
from kpi_tracker.kpis.models import KpiSetting
from tests.dashboards.conftest import SignedIn, World, text

ADDRESS = reverse("dashboards:kpis", kwargs={"org": "nordlys"})


def test_it_works(signed_in: SignedIn, world: World) -> None:
    page = text(signed_in("bob").get(ADDRESS))
    for kpi in registry.all_kpis():
        assert str(kpi.label) in page
    assert "Reps who book meetings" in page


def test_an_organisation_hides_and_renames(signed_in: SignedIn, world: World) -> None:
    KpiSetting.objects.create(organisation=world.org, kpi="emails", enabled=False)
    KpiSetting.objects.create(organisation=world.org, kpi="calls", label="Dials")
    page = text(signed_in("alice").get(ADDRESS))
    assert "E-mails" not in page
    assert "Dials" in page


def test_refusals(signed_in: SignedIn, world: World) -> None:
    assert signed_in("charlie").get(ADDRESS).status_code == 404
