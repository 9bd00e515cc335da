"""The sentences: one test for each function."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from dashboards import list_sentences, sentences
from dashboards.board import Board, Cell, Row
from dashboards.catalogue import ShownKpi
from dashboards.curves import Bar, Curve, Shape
from dashboards.frame import Frame
from dashboards.selectors import Figure
from dashboards.subjects import About, Named
from goals.pacing import Clock
from goals.progress import progress
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import Subject
from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import DAY, Grain, Period
from kpi_tracker.sales.models import Deal
from tests import factories

TODAY = dt.date(2026, 11, 18)
ORG = Organisation(slug="nordlys", name="Nordlys AB")
NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1))
OCTOBER = Period(dt.date(2026, 10, 1), NOVEMBER.start)
TEAM = About(Subject(SubjectKind.TEAM, 1), "Stockholm")


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def month(period: Period = NOVEMBER, today: dt.date = TODAY) -> Frame:
    return Frame(ORG, Grain.MONTH, period, today, ORG.calendar.shift(Grain.MONTH, period, -1))


def value(now: str | None, below: str | None = None) -> KpiValue:
    exact = None if now is None else Decimal(now)
    return KpiValue(value=exact, numerator=exact or Decimal(0), denominator=None if below is None else Decimal(below))


def figure(key: str, now: str | None, before: str | None = None, year: str | None = None) -> Figure:
    kpi = factories.kpi(key)
    known = [None if one is None else value(one) for one in (before, year)]
    return Figure(ShownKpi(kpi, str(kpi.label)), NOVEMBER, value(now), *known)


@pytest.mark.parametrize(("period", "key", "now", "before", "text"), [
    (NOVEMBER, "revenue", "374340", "334000", "Stockholm won 374 k€ in November, 12 % more than at this point of October"),
    (OCTOBER, "revenue", "374340", "400000", "Stockholm won 374 k€ in October, 6 % less than in September"),
    (OCTOBER, "revenue", "1000", "1000", "Stockholm won 1 k€ in October, as much as in September"),
    (NOVEMBER, "revenue", "374340", "0", "Stockholm won 374 k€ in November"),
    (NOVEMBER, "revenue", "0", "5", "Stockholm has no revenue in November yet"),
    (OCTOBER, "calls", "0", "5", "Stockholm had no calls in October"),
    (NOVEMBER, "calls", "1204", "1000", "Stockholm has 1 204 calls in November, 20 % more than at this point of October"),
    (OCTOBER, "calls", "900", "1000", "Stockholm had 900 calls in October, 10 % fewer than in September"),
    (OCTOBER, "calls", "900", "900", "Stockholm had 900 calls in October, as many as in September"),
    (OCTOBER, "calls", "900", None, "Stockholm had 900 calls in October"),
    (OCTOBER, "calls", "1", "2", "Calls of Stockholm: 1 in October, 50 % less than in September"),
    (NOVEMBER, "win_rate", "0.318", "0.284", "Win rate of Stockholm: 31.8 % in November, 3.4 points more than at this point of October"),
    (OCTOBER, "sales_cycle_days", "47", "52", "Sales cycle of Stockholm: 47 days in October, 5 days less than in September"),
    (OCTOBER, "win_rate", "0.3", "0.3", "Win rate of Stockholm: 30 % in October, the same as in September"),
    (OCTOBER, "win_rate", None, "0.3", "Stockholm has nothing to measure win rate by in October"),
])
def test_answer(period: Period, key: str, now: str | None, before: str | None, text: str) -> None:
    assert plain(sentences.answer(TEAM, month(period), figure(key, now, before))) == text


def test_answer_of_a_customer() -> None:
    customer = About(Subject(SubjectKind.CUSTOMER, 1), "Acme")
    text = plain(sentences.answer(customer, month(OCTOBER), figure("revenue", "2500", "2000")))
    assert text == "Acme bought for 2.5 k€ in October, 25 % more than in September"


@pytest.mark.parametrize(("label", "text"), [
    ("First meetings held", "first meetings held"), ("E-mails", "e-mails"), ("CAC", "CAC"), ("ROI of events", "ROI of events"), ("A", "a"),
])
def test_in_sentence(label: str, text: str) -> None:
    assert ShownKpi(factories.kpi("calls"), label).in_sentence == text


def test_all_kpis_answer() -> None:
    figures = [figure("calls", "5", "4"), figure("deals_lost", "2", "3"), figure("emails", "1", "3"), figure("revenue", "4", None)]
    assert sentences.all_kpis_answer(TEAM, month(OCTOBER), figures) == "Stockholm does better on 2 of 3 KPIs than in September"
    assert sentences.all_kpis_answer(TEAM, month(OCTOBER), figures[3:]) == "All KPIs of Stockholm, October 2026"


def test_answer_before_the_period() -> None:
    ahead = month(Period(dt.date(2026, 12, 1), dt.date(2027, 1, 1)))
    assert sentences.answer(TEAM, ahead, figure("revenue", None)) == "December 2026 has not begun for Stockholm"


def clock(days: int, gone: int) -> Clock:
    return Clock(
        days=days, days_gone=gone, worked=Decimal(gone), worked_tonight=Decimal(gone), total=Decimal(max(days, 1)),
        time_gone=Decimal(gone) / max(days, 1), begun=True, over=False
    )


def test_working_days() -> None:
    assert sentences.working_days(month(), clock(21, 13)) == "13 of 21 working days gone"
    assert sentences.working_days(month(), clock(1, 0)) == "0 of 1 working day gone"
    assert sentences.working_days(month(OCTOBER), clock(22, 22)) == "22 working days"
    day = Frame(ORG, Grain.DAY, Period(TODAY, TODAY + DAY), TODAY, Period(TODAY - DAY, TODAY))
    assert [sentences.working_days(day, clock(days, 0)) for days in (1, 0)] == ["Working day", "No working day"]


@pytest.mark.parametrize(("names", "text"), [
    ([], ""), (["Epiphany"], "Epiphany counted"), (["A", "B", "C"], "A, B and C counted"),
    (["A", "B", "C", "D"], "4 public holidays counted"),
])
def test_holidays(names: list[str], text: str) -> None:
    assert sentences.holidays_counted(names) == text


def test_as_of() -> None:
    assert sentences.as_of(dt.datetime(2026, 11, 18, 14, 32, tzinfo=dt.UTC)) == "as of 14:32"


def drawn(key: str, shape: Shape, frame: Frame) -> Curve:
    kpi = factories.kpi(key)
    return Curve(shape, ShownKpi(kpi, str(kpi.label)), frame)


@pytest.mark.parametrize(("period", "now", "year", "text"), [
    (NOVEMBER, "374340", "340000", "Revenue: 374 k€ so far, 10 % more than last year by now"),
    (NOVEMBER, "374340", "500000", "Revenue: 374 k€ so far, 25 % less than last year by now"),
    (NOVEMBER, "374340", "374340", "Revenue: 374 k€ so far, the same as last year by now"),
    (NOVEMBER, "374340", None, "Revenue: 374 k€ so far"),
    (OCTOBER, "374340", "340000", "Revenue: 374 k€, 10 % more than the year before"),
    (OCTOBER, "374340", "374340", "Revenue: 374 k€, the same as the year before"),
    (NOVEMBER, "0", "5", "Revenue: nothing in November yet"),
    (OCTOBER, "0", "5", "Revenue: nothing in October"),
])
def test_chart_title_without_a_goal(period: Period, now: str, year: str | None, text: str) -> None:
    curve = drawn("revenue", Shape.FILL, month(period))
    assert plain(sentences.chart_title(month(period), figure("revenue", now, None, year), curve)) == text


@pytest.mark.parametrize(("sold", "today", "text"), [
    ("1300", TODAY, "Revenue: 1.3 k€ so far, at this rate 2.3 k€ in the end, 175 € above the goal"),
    ("600", TODAY, "Revenue: 600 € so far, at this rate 1.1 k€ in the end, 1.1 k€ short of the goal"),
    ("1900", NOVEMBER.end, "Revenue: 1.9 k€, 200 € short of the goal"),
    ("2400", NOVEMBER.end, "Revenue: 2.4 k€, 300 € above the goal"),
    ("2100", NOVEMBER.end, "Revenue: 2.1 k€, exactly the goal"),
])
def test_chart_title_with_a_goal(db: None, sold: str, today: dt.date, text: str) -> None:
    org = factories.organisation()
    rep = factories.rep(org, "Bob")
    factories.deal(org, rep, opened_on=None, closed_on=dt.date(2026, 11, 3), status="won", amount=sold)
    goal = factories.goal(org, "revenue", rep, NOVEMBER.start, NOVEMBER.end, 2100)
    standing = progress(org, [goal], today=today)[goal.id]
    found = replace(figure("revenue", sold), goal=standing)
    assert plain(sentences.chart_title(month(today=today), found, drawn("revenue", Shape.FILL, month(today=today)))) == text


def test_chart_title_of_a_day() -> None:
    day = Frame(ORG, Grain.DAY, Period(TODAY, TODAY + DAY), TODAY, Period(TODAY - DAY, TODAY))
    bars = [Bar(Period(TODAY - i * DAY, TODAY - (i - 1) * DAY), Decimal(calls)) for i, calls in ((2, 30), (1, 20))]
    curve = replace(drawn("calls", Shape.TREND, day), bars=(*bars, Bar(day.period, Decimal(40), chosen=True)))
    title = sentences.chart_title(day, figure("calls", "40"), curve)
    assert title == "Calls: 40 on 18 November, 25 on an average active day of these weeks"


def test_parts() -> None:
    def made(key: str, number: KpiValue, *, short: bool = False) -> str:
        return plain(sentences.parts(replace(figure(key, None), value=number), short=short))

    assert made("win_rate", KpiValue(Decimal("0.318"), Decimal(28), Decimal(88))) == "28 of 88 closed"
    assert made("average_deal_value", KpiValue(Decimal(10), Decimal(10), Decimal(1))) == "1 deal won"
    cycle = KpiValue(Decimal(47), Decimal(94), Decimal(2), median=Decimal(39))
    assert made("sales_cycle_days", cycle) == "median 39 days, 2 deals won"
    assert made("sales_cycle_days", cycle, short=True) == "median 39 days"
    assert made("revenue", value("5")) == ""


@pytest.mark.parametrize(("key", "now", "before", "text"), [
    ("calls", "12", "10", "+20 % on October"), ("calls", "8", "10", "−20 % on October"), ("calls", "8", "8", "as in October"),
    ("calls", "8", "0", "none in October"), ("calls", "0", "0", ""), ("win_rate", "0.5", "0.4", "+10.0 points on October"),
    ("sales_cycle_days", "40", "47", "−7 days on October"), ("win_rate", None, "0.4", ""),
])
def test_card_change(key: str, now: str | None, before: str, text: str) -> None:
    assert plain(sentences.card_change(month(), figure(key, now, before))) == text


def test_names_of_what_is_compared() -> None:
    assert sentences.by_then(month()) == "October by now"
    assert sentences.by_then(month(OCTOBER)) == "September"
    assert sentences.last_year_by_then(month()) == "Last year by now"
    assert sentences.change_help(month()) == "Compared with as many working days of October."
    assert sentences.change_help(month(OCTOBER)) == "Compared with September."


def row(id: int, name: str, *cells: tuple[str, str | None]) -> Row:
    found = tuple(Cell(value(amount), None if share is None else Decimal(share)) for amount, share in cells)
    return Row(Named(Subject(SubjectKind.REP, id), name), found)


def board(*rows: Row, own_only: bool = False) -> Board:
    columns = tuple(ShownKpi(factories.kpi(key), str(factories.kpi(key).label)) for key in ("revenue", "calls"))
    return Board(columns, rows, "revenue", own_only=own_only)


def test_board_title() -> None:
    mikael, johan = row(1, "Mikael Strand", ("114000", "1.2"), ("40", "0.9")), row(2, "Johan Berg", ("60000", "0.6"), ("10", "0.5"))
    assert plain(list_sentences.board_title(month(), board(mikael, johan))) == "Johan is behind on calls; Mikael leads with 114 k€"
    assert plain(list_sentences.board_title(month(OCTOBER), board(mikael, johan))) == "Mikael leads with 114 k€"
    assert list_sentences.board_title(month(), board(row(1, "Mikael Strand", ("0", None)))) == "Nobody has revenue in November yet"
    assert list_sentences.board_title(month(OCTOBER), board(row(1, "Mikael Strand", ("0", None)))) == "Nobody had revenue in October"
    assert list_sentences.board_title(month(), board(mikael, own_only=True)) == "Your own row of the team"
    without = row(1, "Mikael Strand", ("0", None))
    assert list_sentences.board_title(month(), board(without, own_only=True)) == "Your own row of the team"  # the others may well have some


def test_board_note() -> None:
    assert list_sentences.board_note(board(row(1, "A", ("1", "1")))) == "share of the group's mean"
    assert list_sentences.board_note(board(row(1, "A", ("1", None)))) == ""
    assert list_sentences.board_note(replace(board(), by_goal=True)) == "share of own pace"


def test_weeks_title() -> None:
    week = Period(dt.date(2026, 11, 16), dt.date(2026, 11, 23))
    weeks = replace(board(), weeks=((week, (value("9000"), value("4"))),))
    assert plain(list_sentences.weeks_title(month(), weeks)) == "Week 47 was the best of these for revenue: 9 k€"
    calls = replace(weeks, columns=weeks.columns[1:], weeks=((week, (value("4"),)),))
    assert list_sentences.weeks_title(month(), calls) == "Week 47 was the best of these: 4 calls"
    assert list_sentences.weeks_title(month(), replace(weeks, weeks=((week, (value("0"), value("0"))),))) == "No revenue in these weeks"


def test_records_summary() -> None:
    assert list_sentences.records_summary(1, "1", adds=False) == "1 record"
    assert plain(list_sentences.records_summary(1200, "4 500 €", adds=True)) == "1 200 records, 4 500 €"


@pytest.mark.parametrize(("reps", "teams", "away", "text"), [
    (0, 0, 0, "Nobody is here yet"), (1, 1, 0, "1 rep, at work today"), (5, 1, 0, "5 reps, all at work today"),
    (5, 1, 2, "5 reps, 2 on leave today"),
    (24, 4, 0, "24 reps in 4 teams, all at work today"), (24, 4, 1, "24 reps in 4 teams, 1 on leave today"),
])
def test_people_answer(reps: int, teams: int, away: int, text: str) -> None:
    assert list_sentences.people_answer(reps, teams, away) == text


def test_deals_of_a_customer() -> None:
    won, still_open = Deal(status="won"), Deal(status="open")
    assert list_sentences.deals_title([won]) == "1 deal: 1 won, 0 open"
    assert list_sentences.deals_title([still_open, won, Deal(status="lost")]) == "3 deals: 1 won, 1 open"
