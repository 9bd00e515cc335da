"""Work on another database than that of the tests: `DATABASE_URL=… python -m tests.faults.elsewhere make|look`; prints JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django


def make() -> dict[str, Any]:
    """An organisation with somebody who can sign in and a program that may write."""
    from integrations.models import ApiToken
    from integrations.tokens import token_create
    from kpi_tracker.scope import Role
    from tests import factories

    org = factories.organisation()
    factories.rep(org, "Ann", factories.team(org, "North"), source="crm", external_id="r1")
    factories.member(org, "alice@nordlys.example", Role.ADMIN)
    return {"token": token_create(organisation=org, name="Test", right=ApiToken.Right.WRITE)[1]}


def look() -> dict[str, Any]:
    """What is there, and what is wrong with it."""
    from kpi_tracker.orgs.models import Organisation
    from kpi_tracker.rollups.models import DirtyBucket
    from kpi_tracker.rollups.verify import verify
    from kpi_tracker.sales.models import Activity

    return {
        "records": sorted(Activity.objects.values_list("external_id", flat=True)), "marks": DirtyBucket.objects.count(),
        "wrong": [str(one) for one in verify(Organisation.objects.get())],
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpi_tracker.settings")
    django.setup()
    json.dump({"make": make, "look": look}[sys.argv[1]](), sys.stdout)
