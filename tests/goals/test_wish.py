"""Sentences in three languages as goals: what was read, what is asked for, and nothing guessed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from goals.models import Kind
from goals.wish import Named, Part, Vocabulary, Wish, read
from goals.wish_form import read_wish
from kpi_tracker.kpis.registry import built_in
from kpi_tracker.periods import Calendar
from tests import factories
from tests.goals.conftest import Company

TODAY = dt.date(2026, 11, 22)
WORDS = Vocabulary(
    built_in(),
    (
        Named("organisation", "Nordlys AB", by_first=True), Named("team:1", "Sales Sweden"), Named("team:2", "Stockholm"),
        Named("rep:1", "Elsa Ek", by_first=True), Named("rep:2", "Bob Berg", by_first=True), Named("rep:3", "Bob Bok", by_first=True),
        Named("customer:9", "Acme", by_first=True), Named("team:4", "Sales Finland"),
    ),
    Calendar(), sales=(Named("team:1", "Sales Sweden"),), company="organisation",
)
WINTER = ("2026-12-01", "2027-02-28")
DECEMBER = ("2026-12-01", "2026-12-31")
THIS_QUARTER = ("2026-10-01", "2026-12-31")
NEXT_YEAR = ("2027-01-01", "2027-12-31")
WEEK_49 = ("2026-11-30", "2026-12-06")
TO_MARCH = ("2026-11-22", "2027-03-31")


def wish(sentence: str, words: Vocabulary = WORDS) -> Wish:
    return read(sentence, words, today=TODAY)


def days(found: Wish) -> tuple[str, str] | None:
    return (found.when.period.start.isoformat(), found.when.period.last.isoformat()) if found.when else None


@pytest.mark.parametrize(
    ("sentence", "kpi", "subject", "kind", "amount", "period"),
    [
        ("In three months sales should have grown revenue by 14 percent", "revenue", "team:1", "growth", "0.14", WINTER),
        ("Om tre månader ska försäljningen ha ökat intäkterna med 14 procent", "revenue", "team:1", "growth", "0.14", WINTER),
        ("Kolmen kuukauden kuluttua myyntiosaston pitäisi olla kasvattanut tuottoaan 14 prosenttia",
         "revenue", "team:1", "growth", "0.14", WINTER),
        ("Elsa books 20 meetings in December", "meetings_booked", "rep:1", "reach", "20", DECEMBER),
        ("Elsa ska boka tjugo möten i december", "meetings_booked", "rep:1", "reach", "20", DECEMBER),
        ("Elsa varaa 20 tapaamista joulukuussa", "meetings_booked", "rep:1", "reach", "20", DECEMBER),
        ("Elsan pitää soittaa 200 puhelua ensi kuussa", "calls", "rep:1", "reach", "200", DECEMBER),
        ("Stockholm win rate above 30 % this quarter", "win_rate", "team:2", "above", "0.3", THIS_QUARTER),
        ("Stockholms vinstandel ska vara minst 30 % det här kvartalet", "win_rate", "team:2", "above", "0.3", THIS_QUARTER),
        ("Stockholmin voittoprosentti yli 30 % tällä neljänneksellä", "win_rate", "team:2", "above", "0.3", THIS_QUARTER),
        ("Stockholm ska ringa 400 samtal i vecka 49", "calls", "team:2", "reach", "400", WEEK_49),
        ("Stockholm soittaa 400 puhelua viikolla 49", "calls", "team:2", "reach", "400", WEEK_49),
        ("Stockholm makes 400 calls in week 49", "calls", "team:2", "reach", "400", WEEK_49),
        ("We reduce the sales cycle to 45 days in 2027", "sales_cycle_days", "organisation", "below", "45", NEXT_YEAR),
        ("Säljcykeln för Stockholm ska ligga under 45 dagar nästa år", "sales_cycle_days", "team:2", "below", "45", NEXT_YEAR),
        ("Stockholmin myyntisykli alle 45 päivää ensi vuonna", "sales_cycle_days", "team:2", "below", "45", NEXT_YEAR),
        ("Acme: 640 000 € revenue in Q1 2027", "revenue", "customer:9", "reach", "640000", ("2027-01-01", "2027-03-31")),
        ("Stockholm: 1.5 M€ revenue 1 Dec – 28 Feb", "revenue", "team:2", "reach", "1500000", WINTER),
        ("Stockholm: omsättning 2 mkr från 1 december till 28 februari", "revenue", "team:2", "reach", "2000000", WINTER),
        ("Stockholm: liikevaihto 500 000 euroa 1.12.–28.2.", "revenue", "team:2", "reach", "500000", WINTER),
        ("Stockholm revenue 500 tkr 2026-12-01 to 2027-02-28", "revenue", "team:2", "reach", "500000", WINTER),
        ("vi ska vinna 12 affärer till slutet av mars", "deals_won", "organisation", "reach", "12", TO_MARCH),
        ("Elsa wins 12 deals by the end of March", "deals_won", "rep:1", "reach", "12", TO_MARCH),
        ("Elsa voittaa 12 kauppaa maaliskuun loppuun mennessä", "deals_won", "rep:1", "reach", "12", TO_MARCH),
        ("första halvåret 2027 ska Stockholm vinna 40 affärer", "deals_won", "team:2", "reach", "40", ("2027-01-01", "2027-06-30")),
        ("Nordlys doubles revenue next year", "revenue", "organisation", "growth", "1", NEXT_YEAR),
        ("Acme kaksinkertaistaa liikevaihdon ensi vuonna", "revenue", "customer:9", "growth", "1", NEXT_YEAR),
        ("Stockholm should cut deals lost by 10 % next quarter", "deals_lost", "team:2", "growth", "-0.1", ("2027-01-01", "2027-03-31")),
        ("Elsa grows the win rate to 35 % in December", "win_rate", "rep:1", "above", "0.35", DECEMBER),
        ("Sales Finland sends 30 proposals in January to March", "proposals_sent", "team:4", "reach", "30", ("2027-01-01", "2027-03-31")),
        ("Bob Bok brings 5 new customers in May", "new_customers", "rep:3", "reach", "5", ("2027-05-01", "2027-05-31")),
        ("Stockholm should grow revenue by 8 % over last year in Q1", "revenue", "team:2", "growth", "0.08", ("2027-01-01", "2027-03-31")),
        ("Elsa: at least 10 follow-up meetings this month",
         "follow_up_meetings_held", "rep:1", "reach", "10", ("2026-11-01", "2026-11-30")),
    ],
)
def test_it_works(sentence: str, kpi: str, subject: str, kind: str, amount: str, period: tuple[str, str]) -> None:
    found = wish(sentence)
    assert (found.kpi, found.subject, found.kind, found.amount, days(found)) == (kpi, subject, Kind(kind), Decimal(amount), period)
    assert (found.missing, found.unread, found.choices) == ((), (), {})


@pytest.mark.parametrize(
    ("sentence", "part", "options"),
    [
        ("Bob makes 30 calls a week", Part.SUBJECT, ("Bob Berg", "Bob Bok")),
        ("Elsa and Acme: revenue 500 € in May", Part.SUBJECT, ("Elsa Ek", "Acme")),
        ("Elsa has 20 meetings in December", Part.KPI, ("Meetings booked", "First meetings held", "Follow-up meetings held")),
        ("Stockholm grows revenue from 100 to 200 k€ next quarter", Part.AMOUNT, ("100", "to 200 k€")),
    ],
)
def test_what_may_mean_several_things_is_asked_for(sentence: str, part: Part, options: tuple[str, ...]) -> None:
    found = wish(sentence)
    assert found.choices[part] == options
    assert part in found.missing


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("", tuple(Part)), ("Sell more", tuple(Part)), ("asdf qwer", tuple(Part)),
        ("vi måste bli bättre", (Part.KPI, Part.AMOUNT, Part.PERIOD)),
        ("revenue", (Part.SUBJECT, Part.AMOUNT, Part.PERIOD)),
        ("Stockholm grows by 14 percent", (Part.KPI, Part.PERIOD)),
        ("Stockholm makes 14 % calls in May", (Part.AMOUNT,)),  # of what?
        ("Stockholm makes 400 € calls in May", (Part.AMOUNT,)),
        ("Stockholm grows revenue by 20 000 € in May", (Part.AMOUNT,)),  # on top of what?
        ("Stockholm: 30 calls in week 60", (Part.AMOUNT, Part.PERIOD)),
        ("Stockholm: 30 calls on 31 February", (Part.AMOUNT, Part.PERIOD)),
    ],
)
def test_what_cannot_be_read_is_missing(sentence: str, missing: tuple[Part, ...]) -> None:
    assert wish(sentence).missing == missing


def test_a_word_without_a_meaning_is_named() -> None:
    assert wish("Elsa heroically books 20 meetings in December").unread == ("heroically",)


def test_each_week_carries_over() -> None:
    for sentence in ("Elsa makes 30 calls a week", "Elsa ringer 30 samtal varje vecka", "Elsa soittaa 30 puhelua joka viikko"):
        found = wish(sentence)
        assert found.when is not None
        assert (found.when.again, days(found)) == (True, ("2026-11-23", "2026-11-29"))
    once = wish("Elsa makes 30 calls in week 49").when
    assert once is not None
    assert not once.again


def test_sales_means_revenue_where_no_other_kpi_is_named() -> None:
    found = wish("Öka försäljningen med 10 % nästa år")
    assert (found.kpi, found.subject, found.amount) == ("revenue", None, Decimal("0.1"))
    assert found.words[Part.KPI] == "försäljningen"


def test_nobody_is_guessed_where_several_sell() -> None:
    for sales in ((), (Named("team:1", "Sales Sweden"), Named("team:4", "Sales Finland"))):
        found = wish("In three months sales should have grown revenue by 14 percent", replace(WORDS, sales=sales))
        assert found.missing == (Part.SUBJECT,)
        assert found.choices.get(Part.SUBJECT, ()) == tuple(one.name for one in sales)


def test_the_fiscal_year_decides_what_a_quarter_is() -> None:
    fiscal = Vocabulary(WORDS.kpis, WORDS.subjects, Calendar(fiscal_month=7))
    assert days(wish("Elsa: 30 calls in Q3", fiscal)) == ("2027-01-01", "2027-03-31")
    assert days(wish("Elsa: 30 calls in the second half", fiscal)) == ("2027-01-01", "2027-06-30")
    assert days(wish("Elsa: 30 calls next year", fiscal)) == ("2027-07-01", "2028-06-30")


@given(st.text(max_size=80))
def test_any_text_can_be_read(sentence: str) -> None:
    found = wish(sentence)
    assert found.when is None or len(found.when.period) > 0


SOME = "Elsa Bob revenue 14 % percent in three months week 49 December 31 1.2. – grow by to Q4 2027 kolmen kuukauden vecka möten 100 k€"


@given(st.lists(st.sampled_from(SOME.split()), max_size=14))
def test_any_words_can_be_read(words: list[str]) -> None:
    found = wish(" ".join(words))
    assert set(found.missing) == {part for part, value in (
        (Part.KPI, found.kpi), (Part.SUBJECT, found.subject), (Part.AMOUNT, found.amount), (Part.PERIOD, found.when),
    ) if value is None}


# The page -----------------------------------------------------------------------------------------


def client_of(company: Company, name: str) -> Client:
    client = Client()
    client.force_login(company.users[name], backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_sentence_fills_the_form(company: Company) -> None:
    factories.team(company.org, "Sales North")
    page = client_of(company, "alice").get(
        reverse("goals:new", args=["nordlys"]), {"sentence": "In 2027 the sales team should grow revenue by 14 percent"}
    )
    form, shown = page.context["form"], page.context["wish"]
    team = company.org.id and form["subject"].value()
    assert (form["kpi"].value(), form["kind"].value(), form["growth"].value(), form["period"].value()) == (
        "revenue", "growth", "14", "year:2027-01-01"
    )
    assert team.startswith("team:")
    assert shown.read == ("revenue", "Sales North", "grow by 14\u00a0%", "2027")
    assert shown.asked == ()
    assert not form.errors


def test_what_was_not_read_is_left_to_be_chosen(company: Company) -> None:
    page = client_of(company, "alice").get(reverse("goals:new", args=["nordlys"]), {"sentence": "Bea does heroic things"})
    form = page.context["form"]
    assert (form["kpi"].value(), form["period"].value(), form["subject"].value()) == ("", "", f"rep:{company.bea.id}")
    text = page.content.decode()
    assert "No KPI was read: choose one." in text
    assert "<q>heroic</q>" in text
    assert '<option value="" selected>Choose …</option>' in text


def test_nothing_at_all_can_be_read_and_the_form_is_there(company: Company) -> None:
    page = client_of(company, "alice").get(reverse("goals:new", args=["nordlys"]), {"sentence": "Sell more"})
    assert (page.status_code, page.context["form"]["subject"].value()) == (200, "")
    assert "Nothing of a goal could be read in it." in page.content.decode()


def test_nobody_out_of_reach_is_read(company: Company) -> None:
    for sentence in ("Bea makes 20 calls in May", "Bolt buys revenue 500 € in May", "Malmö makes 20 calls in May"):
        found = read_wish(company.scope("mona"), sentence, today=TODAY)
        assert found is not None
        assert found.values["subject"] == ""


def test_customers_are_read_by_name(company: Company) -> None:
    found = read_wish(company.scope("mona"), "Acme: revenue 500 € in May", today=TODAY)
    assert found is not None
    assert (found.values["subject"], found.values["customer"], found.values["target"]) == ("customer", "Acme", "500")


@pytest.mark.parametrize(
    ("language", "sentence", "read_as"),
    [
        ("sv", "Bob ska boka 20 möten i december", ("bokade möten", "Bob Berg", "december 2026")),
        ("fi", "Bob varaa 20 tapaamista joulukuussa", ("Bob Berg", "joulukuu 2026")),
    ],
)
def test_it_answers_in_the_language_of_the_page(company: Company, language: str, sentence: str, read_as: tuple[str, ...]) -> None:
    with translation.override(language):
        found: Any = read_wish(company.scope("alice"), sentence, today=TODAY)
    assert set(read_as) <= set(found.read), found.read
