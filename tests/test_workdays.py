from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tracker.orgs.models import Absence, ClosingDay, Organisation, TeamAssignment
from kpi_tracker.orgs.workdays import Presence, WorkWeek, presences, public_holidays, work_week
from kpi_tracker.periods import Period
from tests import factories

DAYS = st.dates(dt.date(2023, 12, 1), dt.date(2024, 7, 31))
PERIODS = st.builds(lambda day, days: Period(day, day + dt.timedelta(days=days)), DAYS, st.integers(1, 60))
COUNTRIES = st.sampled_from(["SE", "FI", "NO", "DK"])
SHARES = st.sampled_from([Decimal(1), Decimal("0.6"), Decimal("0.333")])
WEEKS = st.builds(
    WorkWeek, weekdays=st.frozensets(st.integers(1, 7), min_size=1), country=COUNTRIES, closed=st.frozensets(DAYS, max_size=5)
)
PRESENCES = st.builds(
    Presence, country=st.just("") | COUNTRIES, share=SHARES, employed=PERIODS, away=st.lists(PERIODS, max_size=2).map(tuple)
)
MARCH = Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(("country", "holiday"), [
    ("SE", "2024-01-06"), ("SE", "2024-03-29"), ("SE", "2024-05-09"), ("SE", "2024-06-06"), ("SE", "2024-06-22"), ("SE", "2024-11-02"),
    ("FI", "2024-01-01"), ("FI", "2024-04-01"), ("FI", "2024-06-21"), ("FI", "2024-12-06"), ("FI", "2024-12-24"),
    ("NO", "2024-03-28"), ("NO", "2024-05-01"), ("NO", "2024-05-17"), ("NO", "2024-05-20"),
    ("DK", "2023-05-05"), ("DK", "2024-03-28"), ("DK", "2024-05-20"), ("DK", "2024-12-26"),
])
def test_public_holidays(country: str, holiday: str) -> None:
    assert day(holiday) in public_holidays(country, int(holiday[:4]))


@pytest.mark.parametrize(("country", "workday"), [
    ("SE", "2024-12-06"),  # Finland's independence day
    ("FI", "2024-06-06"),  # Sweden's national day
    ("SE", "2024-05-17"), ("DK", "2024-05-17"),  # Norway's constitution day
    ("DK", "2024-04-26"),  # the great prayer day, abolished in 2024
    ("SE", "2024-05-20"), ("FI", "2024-05-20"),  # Whit Monday is kept in the west only
])
def test_no_public_holidays(country: str, workday: str) -> None:
    assert day(workday) not in public_holidays(country, int(workday[:4]))


def test_a_country_that_is_not_known_has_no_holidays() -> None:
    assert public_holidays("XX", 2024) == frozenset()


@given(week=WEEKS, period=PERIODS, people=st.lists(PRESENCES, max_size=4))
def test_weights_are_the_shares_of_those_who_work(week: WorkWeek, period: Period, people: list[Presence]) -> None:
    found = week.weights(period, people)
    assert list(found) == list(period.days())
    for each, weight in found.items():
        expected = Decimal(0)
        for person in people:
            away = any(leave.start <= each < leave.end for leave in person.away)
            free = each in week.closed or each.isoweekday() not in week.weekdays
            holiday = each in public_holidays(person.country or week.country, each.year)
            if person.employed.start <= each < person.employed.end and not (away or free or holiday):
                expected += person.share
        assert weight == expected


@given(week=WEEKS, period=PERIODS)
def test_the_organisations_days_are_those_of_one_full_time_person(week: WorkWeek, period: Period) -> None:
    always = Presence(country="", share=Decimal(1), employed=period)
    assert week.open_days(period) == [each for each, weight in week.weights(period, [always]).items() if weight]


@pytest.mark.django_db
class TestOrganisation:
    @pytest.fixture
    def org(self) -> Organisation:
        return factories.organisation(country="SE")

    def total(self, org: Organisation, period: Period = MARCH, **who: Any) -> Decimal:
        return sum(work_week(org).weights(period, presences(org, period, **who)).values(), Decimal(0))

    def test_a_month(self, org: Organisation) -> None:
        """March 2024: 21 days from Monday to Friday, without Good Friday."""
        factories.rep(org, "Ada")
        assert len(work_week(org).open_days(MARCH)) == 20
        assert self.total(org) == 20

    def test_closing_days(self, org: Organisation) -> None:
        factories.rep(org, "Ada")
        for text in ("2024-03-28", "2024-03-29", "2024-03-30"):  # a Thursday, Good Friday and a Saturday
            ClosingDay.objects.create(organisation=org, day=day(text))
        assert self.total(org) == 19
        assert len(work_week(org).open_days(MARCH)) == 19

    def test_a_part_time_rep_in_another_country(self, org: Organisation) -> None:
        factories.rep(org, "Ada", share=Decimal("0.6"), country="NO")
        assert self.total(org) == Decimal("0.6") * 19  # Maundy Thursday too is free in Norway
        assert len(work_week(org).open_days(MARCH)) == 20

    def test_leave(self, org: Organisation) -> None:
        """Until is not included; open-ended leave lasts; leave of others does not matter."""
        ada, bo = factories.rep(org, "Ada"), factories.rep(org, "Bo")
        Absence.objects.create(organisation=org, rep=ada, valid_from=day("2024-03-04"), valid_to=day("2024-03-06"))
        Absence.objects.create(organisation=org, rep=bo, valid_from=day("2024-03-25"))
        assert self.total(org, rep_ids=[ada.id]) == 18
        assert self.total(org, rep_ids=[bo.id]) == 16
        assert self.total(org) == 34

    def test_joiners_and_leavers(self, org: Organisation) -> None:
        """Both the first and the last day are worked."""
        factories.rep(org, "Ada", started_on=day("2024-03-27"))
        factories.rep(org, "Bo", ended_on=day("2024-03-04"))
        factories.rep(org, "Cy", started_on=day("2024-04-01"))
        factories.rep(org, "Di", ended_on=day("2024-02-29"))
        assert self.total(org) == 2 + 2

    def test_a_team_counts_its_members_days_only(self, org: Organisation) -> None:
        """And those of the teams below it. A rep who moves within the tree is counted once a day."""
        north = factories.team(org, "North")
        cold, south = factories.team(org, "Cold", north), factories.team(org, "South")
        ada = factories.rep(org, "Ada")
        for team, start, end in ((cold, "2024-01-01", "2024-03-11"), (north, "2024-03-11", "2024-03-18"), (south, "2024-03-18", None)):
            TeamAssignment.objects.create(
                organisation=org, rep=ada, team=team, valid_from=day(start), valid_to=day(end) if end else None
            )
        factories.rep(org, "Bo")
        assert self.total(org, team_id=north.id) == 11
        assert self.total(org, team_id=cold.id) == 6
        assert self.total(org, team_id=south.id) == 9
        assert self.total(org) == 40

    def test_nobody_works_for_the_records_without_a_rep(self, org: Organisation) -> None:
        assert presences(org, MARCH) == []

    def test_another_organisation_changes_nothing(self, org: Organisation) -> None:
        factories.rep(org, "Ada")
        other = factories.organisation("solvind", country="NO", working_days="1")
        bo = factories.rep(other, "Bo")
        ClosingDay.objects.create(organisation=other, day=day("2024-03-04"))
        Absence.objects.create(organisation=other, rep=bo, valid_from=day("2024-03-01"))
        assert self.total(org) == 20
        assert self.total(other) == 0
