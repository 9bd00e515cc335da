"""Closed months: the list, a month's figures, why one has changed; closing and reopening."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from dashboards import closing
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.kpis.query import KpiQuery
from kpi_tracker.periods import Period
from kpi_tracker.rollups import reader
from kpi_tracker.rollups.closing import period_close
from kpi_tracker.rollups.models import ClosingRule, PeriodClose
from kpi_tracker.sales.models import Deal
from tests import factories
from tests.dashboards.conftest import MARCH, SignedIn, World, text

NOW = dt.datetime(2024, 4, 3, 12, tzinfo=dt.UTC)
TODAY = dt.date(2024, 5, 2)
WHOLE = Period(MARCH, dt.date(2024, 4, 1))


def address(name: str, **more: str) -> str:
    return reverse(f"dashboards:{name}", kwargs={"org": "nordlys", **more})


LIST = address("closed")
MONTH = address("closed_month", month="2024-03-01")
REVENUE = address("closed_figure", month="2024-03-01", kpi="revenue")


@pytest.fixture
def closed(world: World) -> PeriodClose:
    """March 2024 is closed; then one of bob's deals gains 300 €."""
    made = period_close(organisation=world.org, month=MARCH, by=world.users["alice"], now=NOW)
    Deal.objects.filter(owner=world.bob, amount=1000).update(amount=1300)
    return made


def test_it_works(signed_in: SignedIn, world: World) -> None:
    alice = signed_in("alice")
    assert "No month is closed" in text(alice.get(LIST))
    page = text(alice.post(address("closed_close", month="2024-03-01"), follow=True))
    assert "March 2024 is closed: its figures are kept as they are now." in page
    assert "1 month is closed, up to March 2024" in page
    assert "March 2024 stands as it was reported" in text(alice.get(MONTH))
    page = text(alice.post(address("closed_reopen", month="2024-03-01"), follow=True))
    assert "March 2024 is open again." in page
    assert alice.get(MONTH).status_code == 404


def test_a_month_shows_what_was_reported_and_what_is_known_now(signed_in: SignedIn, closed: PeriodClose) -> None:
    page = text(signed_in("alice").get(MONTH))
    assert "figures of March 2024 have changed since it was closed" in page
    assert "closed on 3 April 2024 by Alice" in page
    assert page.index("7 500 €") < page.index("7 800 €") < page.index("+300 €")
    only_changed = text(signed_in("alice").get(MONTH, {"changed": "1"}))
    assert "Revenue" in only_changed
    assert ">Calls<" not in only_changed
    assert ">Calls<" in page


def test_a_team_a_rep_and_nobody_else(signed_in: SignedIn, closed: PeriodClose, world: World) -> None:
    page = text(signed_in("alice").get(MONTH, {"subject": f"team:{world.malmo.id}"}))
    assert "March 2024 stands as it was reported" in page
    assert "3 800 €" in text(signed_in("alice").get(MONTH, {"subject": f"team:{world.stockholm.id}"}))
    mine = text(signed_in("bob").get(MONTH))
    assert "Bob Berg" in mine
    assert "1 800 €" in mine
    assert signed_in("bob").get(MONTH, {"subject": "organisation"}).status_code == 403
    assert signed_in("bob").get(MONTH, {"subject": f"rep:{world.bea.id}"}).status_code == 403
    assert signed_in("alice").get(MONTH, {"subject": "rep:0"}).status_code == 404
    assert signed_in("alice").get(MONTH, {"subject": "nonsense"}).status_code == 404


def test_the_explanation_names_record_fields_and_effect(signed_in: SignedIn, closed: PeriodClose) -> None:
    page = text(signed_in("alice").get(REVENUE))
    assert "Revenue in March 2024: reported 7 500 €, now 7 800 €: +300 €" in page
    assert "1 edited record moves the figure" in page
    assert "Amount: <s>1 000</s> → <b>1 300</b>" in page
    assert "Other causes" not in page
    assert "stands as it was reported" in text(signed_in("alice").get(address("closed_figure", month="2024-03-01", kpi="calls")))


def test_records_that_are_not_yours_are_summed_up(signed_in: SignedIn, closed: PeriodClose, world: World) -> None:
    """mona manages Stockholm and sees the organisation's totals, but not cesar's records."""
    Deal.objects.filter(owner=world.cesar).update(amount=4500, name="Secret")
    page = text(signed_in("mona").get(REVENUE))
    assert "Secret" not in page
    assert "1 record that is not yours to see" in page
    assert "+500 €" in page
    assert "Secret" in text(signed_in("vera").get(REVENUE))


def test_the_file_has_plain_numbers(signed_in: SignedIn, closed: PeriodClose) -> None:
    answer = signed_in("alice").get(MONTH, {"format": "csv", "changed": "1"})
    lines = text(answer).lstrip("\ufeff").splitlines()
    assert lines[0] == "KPI,Reported,Now known,Difference"
    assert "Revenue,7500,7800,300" in lines


def test_only_an_admin_closes_reopens_and_sets_the_rule(signed_in: SignedIn, closed: PeriodClose) -> None:
    for name in ("mona", "bob", "vera"):
        client = signed_in(name)
        assert client.get(LIST).status_code == 200
        assert "popovertarget=\"sure" not in text(client.get(LIST))
        for target in (address("closed_close", month="2024-02-01"), address("closed_reopen", month="2024-03-01"), address("closed_rule")):
            assert client.post(target).status_code == 403
    assert signed_in("alice").get(address("closed_close", month="2024-02-01")).status_code == 405
    assert PeriodClose.objects.count() == 1


def test_a_month_that_runs_is_refused_and_what_is_no_month_is_not_found(signed_in: SignedIn, world: World) -> None:
    alice = signed_in("alice")
    assert "has not ended yet" in text(alice.post(address("closed_close", month="2190-01-01"), follow=True))
    assert alice.post(address("closed_close", month="soon")).status_code == 404
    assert alice.get(address("closed_month", month="soon")).status_code == 404
    assert alice.get(MONTH).status_code == 404
    assert "not closed" in text(alice.post(address("closed_reopen", month="2024-03-01"), follow=True))


def test_the_rule_is_switched_on_and_off(signed_in: SignedIn, world: World) -> None:
    alice, rule = signed_in("alice"), address("closed_rule")
    assert "Months close 3 days after their end" in text(alice.post(rule, {"on": "1", "days_after": "3"}, follow=True))
    assert "from 0 to 90" in text(alice.post(rule, {"on": "1", "days_after": "ninety"}, follow=True))
    assert ClosingRule.objects.get().days_after == 3
    assert "Off: months are closed by hand." in text(alice.post(rule, {"on": "0"}, follow=True))
    assert not ClosingRule.objects.exists()


def test_an_unknown_or_hidden_kpi_is_not_found(signed_in: SignedIn, closed: PeriodClose) -> None:
    assert signed_in("alice").get(address("closed_figure", month="2024-03-01", kpi="nonsense")).status_code == 404
    assert signed_in("bob").get(address("closed_figure", month="2024-03-01", kpi="cac")).status_code == 404


def test_notes_and_the_switch_for_other_pages(world: World, closed: PeriodClose, django_assert_num_queries: Any) -> None:
    scope = world.scope("alice")
    table = reader.ask(world.org, KpiQuery(("revenue", "calls"), EVERYTHING, (WHOLE,)), today=TODAY)
    found = closing.notes(scope, EVERYTHING, table)
    assert [(key, note.text.replace("\u202f", " ").replace("\u00a0", " ")) for key, note in found.items()] == [
        (("revenue", WHOLE), "reported 7 500 €, now 7 800 €: +300 €")
    ]
    assert found["revenue", WHOLE].link == REVENUE
    bob = closing.notes(scope, Subject(SubjectKind.REP, world.bob.id), table)
    assert bob["revenue", WHOLE].link == f"{REVENUE}?subject=rep:{world.bob.id}"


def test_deleted_and_added_records_are_named(signed_in: SignedIn, closed: PeriodClose, world: World) -> None:
    Deal.objects.filter(owner=world.cesar).delete()
    factories.deal(world.org, world.bea, opened_on=MARCH, closed_on=MARCH, status="won", amount=Decimal(100), name="Late one")
    page = text(signed_in("alice").get(REVENUE))
    assert "deleted" in page
    assert "Late one" in page
    assert "added" in page
    assert "−4 000 €" in page


def test_a_page_reads_as_reported_or_as_now_known(signed_in: SignedIn, closed: PeriodClose, world: World) -> None:
    alice = signed_in("alice")
    place = reverse("dashboards:organisation", kwargs={"org": "nordlys", "grain": "month", "start": "2024-03-01"})
    now = text(alice.get(place)).replace("\u202f", " ").replace("\u00a0", " ")
    assert "7 800 €" in now
    assert "reported 7 500 €, now 7 800 €: +300 €" in now
    assert "As reported" in now
    then = text(alice.get(place, {"as": "reported"})).replace("\u202f", " ").replace("\u00a0", " ")
    assert "7 500 €" in then
    assert "now 7 800 €" not in then
    quarter = reverse("dashboards:organisation", kwargs={"org": "nordlys", "grain": "quarter", "start": "2024-01-01"})
    assert "as=reported" in alice.get(quarter, {"as": "reported"}).content.decode()
    open_month = reverse("dashboards:organisation", kwargs={"org": "nordlys", "grain": "month", "start": "2024-04-01"})
    assert "As reported" not in text(alice.get(open_month))


def test_the_math_of_a_changed_month_says_what_was_reported(signed_in: SignedIn, closed: PeriodClose) -> None:
    place = reverse("dashboards:records", kwargs={"org": "nordlys", "kpi": "revenue"}) + "?start=2024-03-01&end=2024-04-01"
    page = text(signed_in("alice").get(place)).replace("\u202f", " ").replace("\u00a0", " ")
    assert "The month is closed: reported 7 500 €, now 7 800 €: +300 €" in page
