"""Deleting an organisation deletes its records, whose triggers mark days of an organisation that is gone."""

import datetime as dt

import pytest

from kpi_tracker.orgs.models import Organisation, TeamAssignment
from kpi_tracker.rollups import builder, tasks
from kpi_tracker.rollups.models import DirtyBucket, RollupCell
from kpi_tracker.sales.models import Activity, Deal, Stage
from tests import factories

DAY = dt.date(2026, 3, 4)


@pytest.mark.django_db(transaction=True)
def test_an_organisation_with_records_can_be_deleted() -> None:
    organisation = factories.organisation()
    rep = factories.rep(organisation, "Elsa", factories.team(organisation, "Stockholm"))
    factories.activity(organisation, rep, DAY)
    factories.deal(organisation, rep, opened_on=DAY, closed_on=DAY, status="won", amount="10")
    builder.refresh_fully(organisation)
    Activity.objects.filter(organisation=organisation).delete()
    Deal.objects.filter(organisation=organisation).delete()
    TeamAssignment.objects.filter(organisation=organisation).delete()
    Stage.objects.filter(organisation=organisation).delete()
    organisation.delete()
    assert not Organisation.objects.exists()
    assert not RollupCell.objects.exists()
    DirtyBucket.objects.bulk_create([DirtyBucket(organisation_id=10**6, scope_kind="r", scope_id=1, fact="deal", day=DAY)])
    tasks.refresh_all()
    assert not DirtyBucket.objects.exists()
