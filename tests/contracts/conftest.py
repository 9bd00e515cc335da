from __future__ import annotations

from dataclasses import dataclass

import pytest

from kpi_tracker.orgs.models import Organisation, Rep, Team
from tests import factories


@dataclass(frozen=True)
class Company:
    """North, with Cold below it, and South. Ada sells in Cold, Bo in North, Cy in South, Di in no team."""

    org: Organisation
    north: Team
    cold: Team
    south: Team
    ada: Rep
    bo: Rep
    cy: Rep
    di: Rep
    unassigned: Rep


@pytest.fixture
def company(db: None) -> Company:
    org = factories.organisation(country="SE")
    north, south = factories.team(org, "North"), factories.team(org, "South")
    cold = factories.team(org, "Cold", north)
    return Company(
        org, north, cold, south, factories.rep(org, "Ada", cold), factories.rep(org, "Bo", north), factories.rep(org, "Cy", south),
        factories.rep(org, "Di"), Rep.objects.get(organisation=org, is_unassigned=True),
    )
