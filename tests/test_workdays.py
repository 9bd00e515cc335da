from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_tracker.orgs.models import Absence, CalendarVersion, ClosingDay, Organisation, Rep, Team, TeamAssignment, TeamPlacement
from kpi_tracker.orgs.placing import team_place
from kpi_tracker.orgs.workdays import (
    Presence,
    WorkWeek,
    free_eves,
    open_days,
    presences,
    public_holidays,
    work_week,
    working_days,
    working_time,
)
from kpi_tracker.periods import Calendar, Grain, Period
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


@pytest.mark.parametrize(("country", "eves"), [
    ("SE", ["2024-06-21", "2024-12-24", "2024-12-31"]), ("FI", ["2024-12-31"]), ("NO", []), ("XX", []),
])
def test_eves_that_are_free_by_agreement(country: str, eves: list[str]) -> None:
    """In Finland the eves of midsummer and Christmas are public holidays in the library already."""
    assert sorted(map(str, free_eves(country, 2024))) == eves
    week = WorkWeek(weekdays=frozenset({1, 2, 3, 4, 5}), country=country)
    with_eves = WorkWeek(weekdays=week.weekdays, country=country, eves_free=True)
    closed = [day(text) for text in eves]
    year = Period(dt.date(2024, 1, 1), dt.date(2025, 1, 1))
    assert [one for one in week.open_days(year) if one not in with_eves.open_days(year)] == closed


@pytest.mark.parametrize(("first", "end", "expected"), [
    ("2024-02-26", "2024-03-04", 5),  # the week of a leap day
    ("2024-03-25", "2024-04-01", 4),  # the clock goes forward, after Good Friday
    ("2024-10-21", "2024-10-28", 5),  # the clock goes back
    ("2026-12-28", "2027-01-04", 4),  # week 53, with New Year's Day
    ("2024-05-01", "2025-05-01", 261 - 9),  # a fiscal year from May: as many weekdays, without nine public holidays
])
def test_working_days_at_the_calendars_edges(first: str, end: str, expected: int) -> None:
    week = WorkWeek(weekdays=frozenset({1, 2, 3, 4, 5}), country="SE")
    assert len(week.open_days(Period(day(first), day(end)))) == expected


def test_week_53_and_the_fiscal_year_with_a_leap_day() -> None:
    iso, sundays = Calendar(fiscal_month=5), Calendar(week_start=7, fiscal_month=3)
    assert iso.bucket(Grain.WEEK, day("2027-01-03")) == Period(day("2026-12-28"), day("2027-01-04"))
    assert sundays.bucket(Grain.WEEK, day("2027-01-03")) == Period(day("2027-01-03"), day("2027-01-10"))
    assert iso.bucket(Grain.YEAR, day("2024-02-29")) == Period(day("2023-05-01"), day("2024-05-01"))
    assert sundays.bucket(Grain.YEAR, day("2024-02-29")) == Period(day("2023-03-01"), day("2024-03-01"))
    assert sundays.bucket(Grain.QUARTER, day("2024-02-29")) == Period(day("2023-12-01"), day("2024-03-01"))


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


@pytest.mark.django_db
class TestKept:
    """Counts are kept until anything that they are reckoned from changes, in whatever way."""

    @pytest.fixture
    def org(self) -> Organisation:
        org = factories.organisation(country="SE")
        north = factories.team(org, "North")
        factories.rep(org, "Ada", factories.team(org, "Cold", north))
        factories.rep(org, "Bo", factories.team(org, "South"), country="NO")
        return org

    def counts(self, org: Organisation) -> list[Decimal]:
        ids = [Team.objects.get(organisation=org, name=name).id for name in ("North", "Cold", "South")]
        teams = [working_days(org, MARCH, team_id=team) for team in ids]
        reps = [working_days(org, MARCH, rep_id=Rep.objects.get(organisation=org, name=name).id) for name in ("Ada", "Bo")]
        return [Decimal(open_days(org, MARCH)), working_days(org, MARCH), *teams, *reps]

    def test_the_second_time_nothing_is_read_but_the_version(self, org: Organisation) -> None:
        first = working_days(org, MARCH)
        with CaptureQueriesContext(connection) as queries:
            assert working_days(org, MARCH) == first == 20 + 19
        assert {query["sql"].split("FROM")[1].split()[0].strip('"`') for query in queries} == {"orgs_calendarversion"}

    def test_every_change_is_seen(self, org: Organisation) -> None:
        ada, bo = Rep.objects.get(organisation=org, name="Ada"), Rep.objects.get(organisation=org, name="Bo")
        north, cold, south = (Team.objects.get(organisation=org, name=name) for name in ("North", "Cold", "South"))
        assert self.counts(org) == [20, 39, 20, 20, 19, 20, 19]
        ClosingDay.objects.bulk_create([ClosingDay(organisation=org, day=day("2024-03-04"))])
        assert self.counts(org) == [19, 37, 19, 19, 18, 19, 18]
        ClosingDay.objects.filter(organisation=org).update(day=day("2024-04-02"))
        assert self.counts(org) == [20, 39, 20, 20, 19, 20, 19]
        leave = Absence.objects.create(organisation=org, rep=ada, valid_from=day("2024-03-25"))
        assert self.counts(org) == [20, 35, 16, 16, 19, 16, 19]
        leave.delete()
        Rep.objects.filter(pk=bo.pk).update(share=Decimal("0.5"))
        assert self.counts(org) == [20, Decimal("29.5"), 20, 20, Decimal("9.5"), 20, Decimal("9.5")]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE orgs_rep SET share = 1, country = '' WHERE id = %s", [bo.pk])
        assert self.counts(org) == [20, 40, 20, 20, 20, 20, 20]
        TeamAssignment.objects.filter(rep=ada).update(team=south)
        assert self.counts(org) == [20, 40, 0, 0, 40, 20, 20]
        TeamAssignment.objects.filter(rep=ada).update(team=cold)
        team_place(team=cold, parent=None, first=day("2024-03-18"))
        assert self.counts(org) == [20, 40, 11, 20, 20, 20, 20]
        TeamPlacement.objects.all().delete()
        Team.objects.filter(pk=cold.pk).update(parent=None)
        assert self.counts(org) == [20, 40, 0, 20, 20, 20, 20]
        Team.objects.filter(pk=cold.pk).update(parent=north)
        org.country = "NO"
        org.save()
        assert self.counts(org) == [19, 38, 19, 19, 19, 19, 19]
        org.working_days = "1"
        org.save()
        assert self.counts(org) == [4, 8, 4, 4, 4, 4, 4]

    def test_eves(self, org: Organisation) -> None:
        december = Period(day("2024-12-01"), day("2025-01-01"))
        assert open_days(org, december) == 20
        org.eves_free = True
        org.save()
        assert open_days(org, december) == 18

    def test_what_a_rollback_took_back_is_not_kept(self, org: Organisation) -> None:
        with transaction.atomic():
            ClosingDay.objects.create(organisation=org, day=day("2024-03-04"))
            assert open_days(org, MARCH) == 19
            transaction.set_rollback(True)
        assert open_days(org, MARCH) == 20
        ClosingDay.objects.create(organisation=org, day=day("2024-03-05"))
        ClosingDay.objects.create(organisation=org, day=day("2024-03-06"))
        assert open_days(org, MARCH) == 18

    def test_an_organisation_without_a_version_is_reckoned_each_time(self, org: Organisation) -> None:
        CalendarVersion.objects.all().delete()
        assert open_days(org, MARCH) == 20
        ClosingDay.objects.create(organisation=org, day=day("2024-03-04"))
        assert open_days(org, MARCH) == 19

    def test_a_days_working_time(self, org: Organisation) -> None:
        found = working_time(org, MARCH)
        assert [found[day(f"2024-03-{number}")] for number in (27, 28, 29)] == [2, 1, 0]  # Maundy Thursday is free in Norway
        with pytest.raises(TypeError):
            found[day("2024-03-29")] = Decimal(1)  # type: ignore[index]

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_kept_counts_are_those_reckoned_anew(self, org: Organisation, data: st.DataObject) -> None:
        rep = data.draw(st.sampled_from(list(Rep.objects.filter(organisation=org, is_unassigned=False).order_by("id"))))
        span = data.draw(PERIODS)
        match data.draw(st.sampled_from(["leave", "close", "share", "end"])):
            case "leave":
                Absence.objects.create(organisation=org, rep=rep, valid_from=span.start, valid_to=span.end)
            case "close":
                ClosingDay.objects.get_or_create(organisation=org, day=span.start)
            case "share":
                Rep.objects.filter(pk=rep.pk).update(share=data.draw(SHARES))
            case "end":
                Rep.objects.filter(pk=rep.pk).update(ended_on=data.draw(st.none() | DAYS))
        whole = Period(day("2024-01-01"), day("2024-07-01"))
        north = Team.objects.get(organisation=org, name="North")

        def reckoned() -> list[Any]:
            return [working_time(org, whole), working_time(org, whole, rep_id=rep.id), working_days(org, whole, team_id=north.id)]

        kept = reckoned()
        CalendarVersion.objects.filter(organisation=org).update(version="")
        anew = reckoned()
        CalendarVersion.objects.filter(organisation=org).update(version=str(data.draw(st.uuids())))
        assert kept == anew
