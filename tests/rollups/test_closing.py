"""Closed months: what was reported stays, what is edited later is written down, and the edits explain the difference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from kpi_tracker.errors import InvalidInput
from kpi_tracker.kpis import engine, registry
from kpi_tracker.kpis.measures import Dimension
from kpi_tracker.kpis.metrics import SubjectKind
from kpi_tracker.kpis.parts import EVERYTHING, Subject
from kpi_tracker.kpis.query import KpiQuery, breaks_down
from kpi_tracker.orgs.models import ExchangeRate, Organisation
from kpi_tracker.orgs.services import rep_move_team
from kpi_tracker.periods import Grain, Period, add_months
from kpi_tracker.rollups import late, reader, reported, tasks
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.rollups.closing import close_due, closing_rule_set, months, period_close, period_reopen
from kpi_tracker.rollups.models import LateEdit, LateFact, PeriodClose, ReportedCell, ReportedFigure
from kpi_tracker.sales.models import Activity, Contact, Contract, Cost, Deal, StageChange
from tests import factories
from tests.contracts.conftest import Company
from tests.oracle.worlds import Built, build, examples, sketches
from tests.rollups.edits import EDITS, execute, make

MARCH = Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1))
QUARTER = Period(dt.date(2024, 1, 1), dt.date(2024, 4, 1))
NOW = dt.datetime(2024, 4, 3, 12, tzinfo=dt.UTC)
TODAY = dt.date(2024, 6, 1)


def day(number: int, month: int = 3) -> dt.date:
    return dt.date(2024, month, number)


def won(company: Company, amount: str, on: dt.date, **fields: Any) -> Deal:
    rep = fields.pop("rep", company.ada)
    return factories.deal(company.org, rep, opened_on=on - dt.timedelta(days=5), closed_on=on, status="won", amount=amount, **fields)


def close(company: Company, month: dt.date = MARCH.start) -> PeriodClose:
    return period_close(organisation=company.org, month=month, by=None, now=NOW)


def said(org: Organisation, kpi: str, span: Period = MARCH, subject: Subject = EVERYTHING) -> Decimal | None:
    return reported.ask(org, KpiQuery((kpi,), subject, (span,)), today=TODAY)[kpi, span, None].value


def known(org: Organisation, kpi: str, span: Period = MARCH, subject: Subject = EVERYTHING) -> Decimal | None:
    question = KpiQuery((kpi,), subject, (span,))
    table = reader.ask(org, question, today=TODAY)
    assert table == engine.ask(org, question, today=TODAY)
    return table[kpi, span, None].value


def explained(company: Company, kpi: str, subject: Subject = EVERYTHING) -> late.Explanation:
    closing = PeriodClose.objects.get(organisation=company.org, month=MARCH.start)
    return late.explain(company.org, closing, registry.kpi(kpi, company.org), subject, today=TODAY)


def test_it_works(company: Company) -> None:
    deal = won(company, "1000", day(5))
    won(company, "500", day(7), rep=company.cy)
    close(company)
    deal.amount = Decimal(1300)
    deal.save()
    assert (said(company.org, "revenue"), known(company.org, "revenue")) == (1500, 1800)
    found = explained(company, "revenue")
    assert (found.difference, found.others) == (300, 0)
    (effect,) = found.effects
    assert (effect.record.fact, effect.record.record_id, effect.amount) == ("deal", deal.id, 300)
    assert (effect.record.before["amount"], effect.record.after["amount"]) == (1000, 1300)
    assert explained(company, "calls").effects == ()


def test_a_month_that_has_not_ended_is_refused(company: Company) -> None:
    with pytest.raises(InvalidInput, match="not ended"):
        close(company, day(1, 4))


def test_closing_twice_changes_nothing_and_reopening_lets_the_figures_go(company: Company) -> None:
    deal = won(company, "1000", day(5))
    first = close(company)
    Deal.objects.filter(id=deal.id).update(amount=1)
    assert close(company).id == first.id
    assert said(company.org, "revenue") == 1000
    period_reopen(organisation=company.org, month=MARCH.start, by=None, now=NOW)
    assert not ReportedFigure.objects.exists()
    assert not ReportedCell.objects.exists()
    assert not LateEdit.objects.exists()
    assert said(company.org, "revenue") == 1
    with pytest.raises(InvalidInput, match="not closed"):
        period_reopen(organisation=company.org, month=MARCH.start, by=None, now=NOW)
    again = close(company)
    assert (again.id, again.reopened_at) == (first.id, None)
    assert (said(company.org, "revenue"), explained(company, "revenue").effects) == (1, ())


def by_save(deal: Deal) -> None:
    deal.amount = Decimal(1200)
    deal.save()


def by_update(deal: Deal) -> None:
    Deal.objects.filter(id=deal.id).update(amount=1200)


def by_bulk_update(deal: Deal) -> None:
    deal.amount = Decimal(1200)
    Deal.objects.bulk_update([deal], ["amount"])


def by_sql(deal: Deal) -> None:
    execute("UPDATE sales_deal SET amount = 1200 WHERE id = %s", [deal.id])


def by_upsert(deal: Deal) -> None:
    deal.amount = Decimal(1200)
    Deal.objects.bulk_create([deal], update_conflicts=True, unique_fields=["id"], update_fields=["amount"])


def by_delete(deal: Deal) -> None:
    deal.delete()


def by_sql_delete(deal: Deal) -> None:
    execute("DELETE FROM sales_deal WHERE id = %s", [deal.id])


def by_moving_it_out(deal: Deal) -> None:
    Deal.objects.filter(id=deal.id).update(closed_on=day(2, 5))


@pytest.mark.parametrize("edit", [by_save, by_update, by_bulk_update, by_sql, by_upsert, by_delete, by_sql_delete, by_moving_it_out])
def test_however_a_record_is_edited_it_is_written_down(company: Company, edit: Callable[[Deal], None]) -> None:
    deal = won(company, "1000", day(5))
    number = deal.id
    close(company)
    edit(deal)
    late_edit = LateEdit.objects.get()
    assert (late_edit.fact, late_edit.record_id) == ("deal", number)
    assert (late_edit.old["amount"], late_edit.old["closed_on"]) == (1000, "2024-03-05")
    found = explained(company, "revenue")
    assert [effect.amount for effect in found.effects] == [found.difference]
    assert found.others == 0


def test_records_added_later_are_written_down_too(company: Company) -> None:
    close(company)
    Activity.objects.bulk_create(
        Activity(organisation=company.org, rep=company.bo, kind="call", occurred_on=on) for on in (day(5), day(6), day(2, 5))
    )
    assert [edit.old for edit in LateEdit.objects.all()] == [None, None]
    assert (said(company.org, "calls"), known(company.org, "calls")) == (0, 2)
    assert [effect.amount for effect in explained(company, "calls", Subject(SubjectKind.TEAM, company.north.id)).effects] == [1, 1]
    assert explained(company, "calls", Subject(SubjectKind.TEAM, company.south.id)).effects == ()


def test_open_months_other_organisations_and_writes_that_change_nothing_are_not_written_down(company: Company) -> None:
    other = factories.organisation("vinter")
    deal = won(company, "1000", day(5))
    close(company)
    deal.save()
    factories.activity(company.org, company.ada, day(1, 4))
    factories.activity(company.org, company.ada, day(29, 2))
    factories.activity(other, factories.rep(other, "Eva"), day(5))
    won(company, "5", day(20, 4))
    assert not LateEdit.objects.exists()


def test_every_kind_of_record_is_watched(company: Company) -> None:
    acme = factories.customer(company.org, "Acme", company.ada, created_on=day(5))
    deal = won(company, "1000", day(5), customer=acme)
    made = {"organisation": company.org}
    ada = {"rep": company.ada}
    rows: list[Any] = [
        acme, deal, factories.activity(company.org, company.ada, day(5)), factories.lead(company.org, company.ada, day(5)),
        Contact.objects.create(**made, name="Eva", added_by=company.ada, created_on=day(5)),
        StageChange.objects.create(**made, **ada, deal=deal, to_stage=deal.stage, changed_at=NOW, changed_on=day(5)),
        Contract.objects.create(**made, customer=acme, starts_on=day(1, 1), yearly_amount=1, currency="EUR"),
        Cost.objects.create(**made, category="tool", amount=1, currency="EUR", starts_on=day(1, 1), ends_on=day(1, 12)),
        ExchangeRate.objects.create(**made, currency="SEK", day=day(1, 1), rate=1), company.ada.assignments.get(),
    ]
    close(company)
    for row in reversed(rows):
        row.delete()
    assert set(LateEdit.objects.values_list("fact", flat=True)) == set(LateFact)


def test_edits_too_many_to_list_are_summed_up(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "MOST", 1)
    close(company)
    for number in (5, 6, 7):
        won(company, "100", day(number))
    found = explained(company, "revenue")
    assert ([effect.amount for effect in found.effects], found.further, found.together, found.others) == ([100], 2, 200, 0)


def test_an_edit_that_makes_another_record_the_first_has_its_effect(company: Company) -> None:
    acme = factories.customer(company.org, "Acme", company.ada)
    meeting = {"kind": "meeting", "outcome": "reached", "customer": acme}
    first = factories.activity(company.org, company.ada, day(5), **meeting)
    factories.activity(company.org, company.cy, day(9), **meeting)
    close(company)
    first.delete()
    south = Subject(SubjectKind.TEAM, company.south.id)
    assert (said(company.org, "first_meetings_held", subject=south), known(company.org, "first_meetings_held", subject=south)) == (0, 1)
    found = explained(company, "first_meetings_held", south)
    assert ([effect.amount for effect in found.effects], found.others) == ([1], 0)


def test_team_moves_and_rates_explain_what_they_moved(company: Company) -> None:
    ExchangeRate.objects.create(organisation=company.org, currency="SEK", day=day(1, 1), rate=Decimal("0.1"))
    won(company, "1000", day(5), currency="SEK")
    close(company)
    south = Subject(SubjectKind.TEAM, company.south.id)
    rep_move_team(rep=company.ada, team=company.south, from_day=day(1))
    ExchangeRate.objects.filter(organisation=company.org).update(rate=Decimal("0.2"))
    assert (said(company.org, "revenue", subject=south), known(company.org, "revenue", subject=south)) == (0, 200)
    found = explained(company, "revenue", south)
    assert [(effect.record.fact.value, effect.amount) for effect in found.effects] == [("assignment", 100), ("rate", 100)]
    assert found.others == 0
    (effect,) = explained(company, "revenue").effects
    assert (effect.record.fact, effect.amount) == ("rate", 100)


def test_what_no_edit_explains_is_left_over(company: Company) -> None:
    """What became of a company that was first met in March: its deal lies in no closed month."""
    acme = factories.customer(company.org, "Acme", company.ada)
    factories.activity(company.org, company.ada, day(5), "meeting", outcome="reached", customer=acme)
    close(company)
    won(company, "10", day(20, 5), customer=acme)
    found = explained(company, "meeting_hit_rate")
    assert (found.change.reported.value, found.change.now.value, found.effects, found.others) == (0, 1, (), 1)


def test_longer_and_shorter_spans_take_the_kept_days(company: Company) -> None:
    won(company, "100", day(10, 1))
    deal = won(company, "1000", day(5))
    close(company)
    Deal.objects.filter(id=deal.id).update(amount=1300)
    won(company, "50", day(11, 1))
    assert (said(company.org, "revenue", QUARTER), known(company.org, "revenue", QUARTER)) == (1150, 1450)
    week = Period(day(4), day(11))
    assert (said(company.org, "revenue", week), known(company.org, "revenue", week)) == (1000, 1300)
    by_rep = KpiQuery(("revenue",), Subject(SubjectKind.TEAM, company.north.id), (QUARTER,), by=Dimension.REP)
    table = reported.ask(company.org, by_rep, today=TODAY)
    assert table["revenue", QUARTER, company.ada.id].value == 1150


def test_the_note_on_changed_figures_costs_one_query_a_page(company: Company, django_assert_num_queries: Any) -> None:
    deal = won(company, "1000", day(5))
    close(company)
    Deal.objects.filter(id=deal.id).update(amount=1300)
    table = reader.ask(company.org, KpiQuery(("revenue", "calls"), EVERYTHING, (MARCH, QUARTER)), today=TODAY)
    reported.closings_of(company.org)
    with django_assert_num_queries(2):  # the version of the closed months, which are kept, and the figures
        found = reported.changes(company.org, EVERYTHING, table)
    assert list(found) == [("revenue", MARCH)]
    assert (found["revenue", MARCH].reported.value, found["revenue", MARCH].difference) == (1000, 300)


def test_months_close_by_themselves_where_the_organisation_wants_it(company: Company) -> None:
    won(company, "1000", day(5, 1))
    assert close_due(company.org, now=NOW) == []
    closing_rule_set(organisation=company.org, days_after=3, today=day(2, 4))
    assert close_due(company.org, now=NOW) == []
    later = NOW + dt.timedelta(days=1)
    assert [closing.month for closing in close_due(company.org, now=later)] == [MARCH.start]
    period_reopen(organisation=company.org, month=MARCH.start, by=None, now=later)
    assert close_due(company.org, now=later) == []
    assert [month.is_closed for month in months(company.org, today=day(3, 4))] == [False] * 4
    closing_rule_set(organisation=company.org, days_after=None, today=TODAY)
    assert close_due(company.org, now=NOW + dt.timedelta(days=400)) == []
    with pytest.raises(InvalidInput, match="from 0 to 90"):
        closing_rule_set(organisation=company.org, days_after=91, today=TODAY)


def test_the_tasks_close_due_months_and_drop_edits_of_deleted_organisations(company: Company) -> None:
    LateEdit.objects.create(organisation_id=10**6, fact="deal", record_id=1, first_on=day(1), last_on=day(1))
    tasks.close_months()
    assert not LateEdit.objects.exists()
    closing_rule_set(organisation=company.org, days_after=0, today=timezone.now().date())
    tasks.close_organisation(company.org.id)
    assert PeriodClose.objects.filter(organisation=company.org, closed_by=None).count() == 1


def test_a_kpi_that_is_defined_otherwise_by_now_says_so(company: Company) -> None:
    closing = close(company)
    closing.kpis["revenue"] = 0
    closing.save()
    assert explained(company, "revenue").redefined
    assert not explained(company, "calls").redefined


def test_figures_are_stored_with_all_their_digits(company: Company) -> None:
    for amount in ("100", "100.01", "99.98"):
        won(company, amount, day(5))
    keys = tuple(kpi.key for kpi in registry.kpis_of(company.org))
    question = KpiQuery(keys, EVERYTHING, (MARCH,), medians=True)
    before = reader.ask(company.org, question, today=NOW.date())
    close(company)
    assert reported.ask(company.org, question, today=NOW.date()) == before


# Random edits ----------------------------------------------------------------------------------------

CLOSED = [add_months(dt.date(2023, 12, 1), step) for step in range(4)]
LATER = dt.datetime(2025, 6, 1, 12, tzinfo=dt.UTC)
ON = LATER.date()
KPIS = st.lists(st.sampled_from([kpi.key for kpi in registry.built_in()]), min_size=3, max_size=3, unique=True)


def subjects(made: Built) -> list[Subject]:
    teams = [Subject(SubjectKind.TEAM, team.id) for team in made.teams[:2]]
    return [EVERYTHING, *teams, *(Subject(SubjectKind.REP, rep.id) for rep in made.reps[:2])]


def everything_reported(made: Built) -> dict[Any, Any]:
    spans = tuple(made.organisation.calendar.bucket(Grain.MONTH, start) for start in CLOSED)
    found: dict[Any, Any] = {}
    for subject in subjects(made):
        for by in (None, Dimension.TEAM, Dimension.REP):
            if subject.kind is SubjectKind.REP and by is Dimension.TEAM:
                continue
            kpis = registry.kpis_of(made.organisation)
            keys = tuple(kpi.key for kpi in kpis if subject.kind in kpi.subjects and (by is None or breaks_down(kpi, by)))
            question = KpiQuery(keys, subject, spans, by=by, medians=True)
            found |= {(subject, by, key): value for key, value in reported.ask(made.organisation, question, today=ON).items()}
    return found


class RandomEdits(TestCase):
    @examples(12)
    @given(sketch=sketches(), edits=st.lists(EDITS, min_size=1, max_size=6), kpis=KPIS, month=st.sampled_from(CLOSED), lazy=st.booleans())
    def test_what_was_reported_stays_and_the_effects_add_up(
        self, sketch: Any, edits: Any, kpis: list[str], month: dt.date, lazy: bool
    ) -> None:
        made = build(sketch, "nordlys")
        org = made.organisation
        # What came first may lie long before: all that is earlier counts as closed, so that edits of it are written down too.
        PeriodClose.objects.create(organisation=org, month=dt.date(2000, 1, 1), ends=CLOSED[0], closed_at=LATER)
        for start in CLOSED:
            period_close(organisation=org, month=start, by=None, now=LATER)
        before = everything_reported(made)
        for edit in edits:
            make(made, edit)
        if not lazy:
            refresh_fully(org)
        assert everything_reported(made) == before
        closing = PeriodClose.objects.get(organisation=org, month=month)
        for subject in (EVERYTHING, Subject(SubjectKind.REP, made.reps[1].id)):
            for key in kpis:
                kpi = registry.kpi(key, org)
                if subject.kind in kpi.subjects:
                    self._check(org, closing, key, subject)

    def _check(self, org: Organisation, closing: PeriodClose, key: str, subject: Subject) -> None:
        kpi, span = registry.kpi(key, org), closing.period
        question = KpiQuery((key,), subject, (span,))
        found = late.explain(org, closing, kpi, subject, today=ON)
        assert found.change.now == engine.ask(org, question, today=ON)[key, span, None], (key, subject)
        assert found.change.now == reader.ask(org, question, today=ON)[key, span, None], (key, subject)
        assert found.change.reported == reported.ask(org, replace(question, medians=True), today=ON)[key, span, None], (key, subject)
        total = sum((effect.amount for effect in found.effects), Decimal(0)) + found.together + found.others
        assert abs(total - found.difference) < Decimal("1E-20")
        if kpi.adds_up:
            assert found.others == 0, (key, subject, found)
