"""The oracle against figures that were worked out by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from tests.oracle.calendar import compared_year, months_before, year_back, year_so_far
from tests.oracle.figures import FIGURES, Figure, Slice
from tests.oracle.world import Row, World

ORGANISATION = {
    "base_currency": "EUR", "country": "SE", "working_days": "12345", "week_start": 1, "fiscal_year_month": 1, "velocity_months": 12,
    "most_customer_years": Decimal("5.0"), "lag_costs": False, "eves_free": False,
}
NORTH, SOUTH, ADA, BO, ACME, BETA, CODA = 1, 2, 11, 12, 21, 22, 23
FIRST, SECOND, WON = 31, 32, 33
NUMBERS = count(100)
LATER = "2030-01-01"


def date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def day(text: str | None) -> dt.date | None:
    return None if text is None else date(text)


def row(fields: dict[str, Any], **defaults: Any) -> Row:
    """Every name that ends in `_on`, or says when a row is valid, is a day."""
    filled = {"id": next(NUMBERS)} | defaults | fields
    dated = [name for name in filled if name.endswith("_on") or name in ("valid_from", "valid_to", "day")]
    return filled | {name: day(filled[name]) for name in dated}


def deal(status: str = "won", **fields: Any) -> Row:
    fields = {"closed_on": None} | fields
    return row(
        fields, status=status, owner_id=ADA, opened_by_id=ADA, closed_by_id=None if status == "open" else ADA, customer_id=None,
        product_id=None, lead_id=None, stage_id=FIRST, amount=Decimal(100), currency="EUR", one_time_amount=None, term_months=None,
        opened_on="2024-01-10", first_contact_on=None, qualified_on=None, expected_close_on=None,
    )


def meeting(on: str, **fields: Any) -> Row:
    return row(fields, occurred_on=on, booked_on=None, kind="meeting", outcome="reached", rep_id=ADA, customer_id=ACME)


def lead(created_on: str, **fields: Any) -> Row:
    return row(
        fields, created_on=created_on, direction="inbound", company_key="", rep_id=ADA, customer_id=None, qualified_on=None,
        converted_on=None,
    )


def entered(of: Row, stage_id: int, on: str, hour: int = 12, **fields: Any) -> Row:
    moment = dt.datetime.fromisoformat(f"{on}T{hour:02}:00+00:00")
    return row(fields, deal_id=of["id"], to_stage_id=stage_id, from_stage_id=None, changed_on=on, changed_at=moment, rep_id=ADA)


def contract(customer_id: int, starts_on: str, ends_on: str | None, **fields: Any) -> Row:
    return row(
        fields, customer_id=customer_id, starts_on=starts_on, ends_on=ends_on, yearly_amount=Decimal(1000), currency="EUR",
        margin=Decimal("0.5"),
    )


def cost(amount: str, starts_on: str, ends_on: str, **fields: Any) -> Row:
    return row(fields, amount=Decimal(amount), starts_on=starts_on, ends_on=ends_on, currency="EUR", category="salary")


def rate(on: str, worth: str) -> Row:
    return row({}, currency="SEK", day=on, rate=Decimal(worth))


def world(**rows: Any) -> World:
    stages = [
        {"id": place, "pipeline_id": 1, "kind": kind, "position": position}
        for position, (place, kind) in enumerate([(FIRST, "open"), (SECOND, "open"), (WON, "won"), (34, "lost")])
    ]
    own = ORGANISATION | rows.pop("organisation", {})
    return World(**{
        "organisation": own, "stages": stages, "teams": [{"id": team, "parent_id": None} for team in (NORTH, SOUTH)],
        "assignments": [row({}, rep_id=ADA, team_id=NORTH, valid_from="2000-01-01", valid_to=None)],
    } | rows)


def figure(
    key: str, of: World, start: str, end: str, *, today: str = LATER, subject: tuple[str, int] = ("organisation", 0), member: Any = None
) -> Figure:
    return FIGURES[key](Slice(of, subject, member, (date(start), date(end)), date(today)))


def four(found: Figure) -> tuple[Any, ...]:
    return found.value, found.numerator, found.denominator, found.count


YEAR = ("2024-01-01", "2025-01-01")


def test_a_cohort_is_of_the_deals_opened_whatever_became_of_them() -> None:
    of = world(deals=[
        deal(closed_on="2025-06-01"), deal("lost", closed_on="2024-02-01"), deal("open"), deal("open"),
        deal(opened_on="2023-12-31", closed_on="2024-01-15"),
    ])
    assert four(figure("win_rate_cohort", of, *YEAR)) == (Decimal("0.25"), 1, 4, 1)


@pytest.mark.parametrize(("today", "immature"), [("2024-02-09", True), ("2024-02-10", False), ("2024-02-29", False)])
def test_a_cohort_ripens_after_the_usual_cycle(today: str, immature: bool) -> None:
    """The only deal took 9 days and a half on average: 10 days after 31 January is 10 February."""
    of = world(deals=[
        deal(opened_on="2023-12-01", closed_on="2023-12-10"), deal(opened_on="2023-12-01", closed_on="2023-12-11"),
    ])
    assert figure("win_rate_cohort", of, "2024-01-01", "2024-02-01", today=today).immature is immature


def test_a_cohort_is_never_ripe_where_no_cycle_is_known() -> None:
    assert figure("lead_conversion", world(), *YEAR).immature
    old = world(deals=[deal(opened_on="2023-12-01", closed_on="2023-12-10")])
    assert figure("lead_conversion", old, *YEAR, today="2026-01-01").immature


def test_leads_that_became_customers() -> None:
    of = world(leads=[
        lead("2023-01-01", qualified_on="2024-01-01", converted_on="2026-01-01"), lead("2024-01-01", qualified_on="2024-12-31"),
        lead("2024-01-01", converted_on="2024-02-01"), lead("2024-01-01", qualified_on="2025-01-01", converted_on="2025-01-01"),
    ])
    assert four(figure("lead_conversion", of, *YEAR)) == (Decimal("0.5"), 1, 2, 1)


def test_meetings_that_were_due() -> None:
    of = world(activities=[
        meeting("2024-03-01"), meeting("2024-03-05", outcome="no_show"), meeting("2024-03-04", outcome="planned"),
        meeting("2024-03-05", outcome="cancelled"), meeting("2024-03-06", outcome="planned"), meeting("2024-03-05", outcome=""),
        meeting("2024-03-01", kind="call"),
    ])
    assert four(figure("show_rate", of, *YEAR, today="2024-03-05")) == (Decimal("0.25"), 1, 4, 1)
    assert four(figure("show_rate", of, *YEAR, today="2024-03-06")) == (Decimal("0.2"), 1, 5, 1)


def test_deals_that_went_on_to_the_next_stage() -> None:
    on, back, skipped = deal(), deal("open"), deal()
    of = world(deals=[on, back, skipped], stage_changes=[
        entered(on, FIRST, "2024-03-01", rep_id=BO), entered(on, SECOND, "2024-05-01"), entered(on, WON, "2024-06-01"),
        entered(back, SECOND, "2024-03-01"), entered(back, FIRST, "2024-03-02"), entered(back, FIRST, "2024-03-05"),
        entered(skipped, FIRST, "2024-03-03"), entered(skipped, WON, "2024-03-04"),
    ])
    march = ("2024-03-01", "2024-04-01")
    assert four(figure("stage_conversion", of, *march)) == (0.25, 1, 4, 1)
    assert four(figure("stage_conversion", of, *march, member=("stage", FIRST))) == (Decimal(1) / 3, 1, 3, 1)
    assert four(figure("stage_conversion", of, *march, member=("stage", SECOND))) == (0, 0, 1, 0)
    assert four(figure("stage_conversion", of, *march, member=("stage", WON))) == (None, 0, 0, 0)
    assert four(figure("stage_conversion", of, *march, subject=("rep", BO))) == (1, 1, 1, 1)
    assert four(figure("stage_conversion", of, *YEAR, member=("stage", SECOND))) == (0.5, 1, 2, 1)


def test_the_next_stage_in_the_same_moment_is_a_step_on() -> None:
    one = deal()
    changes = [entered(one, SECOND, "2024-03-01"), entered(one, FIRST, "2024-03-01")]
    of = world(deals=[one], stage_changes=changes)
    assert four(figure("stage_conversion", of, *YEAR, member=("stage", FIRST))) == (1, 1, 1, 1)


def test_deals_won_for_each_first_meeting() -> None:
    of = world(
        activities=[
            meeting("2024-03-01"), meeting("2024-04-01", rep_id=BO), meeting("2024-03-01", customer_id=BETA),
            meeting("2024-03-01", customer_id=CODA),
        ],
        deals=[
            deal(customer_id=ACME, closed_on="2024-03-01"), deal(customer_id=ACME, closed_on="2025-03-01"),
            deal(customer_id=ACME, closed_on="2024-02-29"), deal("lost", customer_id=BETA, closed_on="2024-05-01"),
            deal(customer_id=CODA, closed_on="2024-03-02"),
        ],
    )
    assert four(figure("meeting_hit_rate", of, *YEAR)) == (1, 3, 3, 2)
    assert four(figure("meeting_hit_rate", of, *YEAR, subject=("rep", BO))) == (None, 0, 0, 0)


def test_companies_won_of_those_first_contacted() -> None:
    of = world(
        activities=[
            meeting("2024-02-01", kind="other"), meeting("2024-02-02", kind="email", outcome="planned"),
            meeting("2024-03-01", kind="call", outcome="not_reached"), meeting("2024-02-28", kind="call", customer_id=BETA, rep_id=BO),
        ],
        deals=[deal(customer_id=ACME, closed_on="2024-03-01"), deal(customer_id=ACME, closed_on="2024-03-02")],
    )
    assert four(figure("contact_hit_rate", of, *YEAR)) == (0.5, 1, 2, 1)
    assert four(figure("contact_hit_rate", of, *YEAR, subject=("rep", BO))) == (0, 0, 1, 0)
    assert four(figure("contact_hit_rate", of, "2024-02-01", "2024-03-01")) == (0, 0, 1, 0)


def test_revenue_of_inbound_leads_goes_to_the_day_of_the_lead() -> None:
    inbound, again = lead("2024-01-01", company_key="acme"), lead("2024-02-01", company_key="acme")
    out = lead("2024-01-01", direction="outbound")
    of = world(leads=[inbound, again, out, lead("2024-03-01")], rates=[rate("2024-06-01", "0.1")], deals=[
        deal(lead_id=inbound["id"], closed_on="2025-01-01"), deal(lead_id=inbound["id"], closed_on="2025-01-01", amount=None),
        deal(lead_id=again["id"], closed_on="2024-06-01", currency="SEK", amount=Decimal("100.25")),
        deal(lead_id=out["id"], closed_on="2024-06-01"), deal("lost", lead_id=inbound["id"], closed_on="2024-06-01"),
    ])
    assert four(figure("revenue_per_inbound_lead", of, *YEAR)) == (Decimal("110.03") / 2, Decimal("110.03"), 2, 2)


@pytest.mark.parametrize(("amount", "one_time", "months", "expected"), [
    ("3600", None, 36, "1200"), ("3700", "100", 36, "1200"), ("500", "0", 6, "500"), ("500", None, 12, "500"),
    ("100", None, 13, "92.31"), ("-100", None, 13, "-92.31"), ("0.01", None, 24, "0.01"), ("-0.01", None, 24, "-0.01"),
    ("300", None, None, "0"), ("300", None, 0, "300"),
])
def test_what_a_contract_brings_in_a_year(amount: str, one_time: str | None, months: int | None, expected: str) -> None:
    of = world(deals=[
        deal(closed_on="2024-03-01", amount=Decimal(amount), one_time_amount=one_time and Decimal(one_time), term_months=months),
        deal(closed_on="2024-03-01", amount=None, term_months=12), deal("lost", closed_on="2024-03-01", term_months=12),
    ])
    assert figure("annual_contract_value", of, *YEAR).value == Decimal(expected)


def test_the_pipeline_is_what_was_open_at_the_end() -> None:
    of = world(rates=[rate("2024-02-01", "0.1"), rate("2024-03-01", "99")], deals=[
        deal("open"), deal("won", closed_on="2024-03-31", amount=Decimal(1000)),
        deal("lost", closed_on="2024-04-01", closed_by_id=BO, amount=Decimal(7)), deal("open", opened_on="2024-04-01"),
        deal("open", opened_on=None), deal("open", amount=None), deal("open", opened_on="2024-02-15", currency="SEK"),
        deal("open", currency="SEK", opened_on="2024-01-31"),
        deal("won", opened_on="2024-06-01", closed_on="2024-05-01"),
    ])
    assert four(figure("open_pipeline", of, "2024-03-01", "2024-04-01")) == (117, 117, None, 3)
    assert four(figure("open_pipeline", of, "2020-01-01", "2024-04-01")) == (117, 117, None, 3)
    assert four(figure("open_pipeline", of, "2024-03-01", "2024-04-01", subject=("rep", BO))) == (7, 7, None, 1)
    assert four(figure("open_pipeline", of, "2024-03-01", "2024-04-02", subject=("team", NORTH))) == (210, 210, None, 3)


def test_a_holder_who_moves_takes_the_open_deals_along() -> None:
    of = world(deals=[deal("open")], assignments=[
        row({}, rep_id=ADA, team_id=NORTH, valid_from="2000-01-01", valid_to="2024-03-01"),
        row({}, rep_id=ADA, team_id=SOUTH, valid_from="2024-03-01", valid_to=None),
    ])
    assert figure("open_pipeline", of, "2024-02-01", "2024-03-01", subject=("team", NORTH)).value == 100
    assert figure("open_pipeline", of, "2024-02-01", "2024-03-02", subject=("team", NORTH)).value == 0
    assert figure("open_pipeline", of, "2024-02-01", "2024-03-02", subject=("team", SOUTH)).value == 100


def test_a_pipeline_is_weighted_by_the_win_rate_of_its_stage() -> None:
    won, lost = deal(closed_on="2024-02-01"), deal("lost", closed_on="2024-02-01")
    late = deal("lost", closed_on="2024-04-01", amount=None)
    here, there, nowhere = deal("open", amount=Decimal("100.01")), deal("open"), deal("open", stage_id=99)
    of = world(deals=[won, lost, late, here, there, nowhere], stage_changes=[
        entered(won, FIRST, "2024-01-10"), entered(won, SECOND, "2024-01-20"), entered(lost, FIRST, "2024-01-10"),
        entered(late, FIRST, "2024-01-10"), entered(here, SECOND, "2024-03-01", from_stage_id=FIRST), entered(there, FIRST, "2024-02-01"),
        entered(there, SECOND, "2024-02-01"),
    ])
    march = figure("weighted_pipeline", of, "2024-03-01", "2024-04-01")  # both in the second stage, where one of one was won
    assert four(march) == (Decimal("200.01"), Decimal("200.01"), None, 2)
    february = figure("weighted_pipeline", of, "2024-02-01", "2024-03-01")  # the one still in the first, where one of two was won
    assert february.value == Decimal("150.01")  # 50.005 rounded away from zero
    assert figure("weighted_pipeline", of, "2024-01-01", "2024-02-01").count == 0


def goal(target: str, start: str, end: str, **fields: Any) -> Row:
    fields = {"starts_on": start, "ends_on": end, **fields}
    return row(
        fields, kpi="revenue", kind="reach", subject_kind="organisation", team_id=None, rep_id=None, customer_id=None,
        target=Decimal(target),
    )


def test_coverage_is_of_what_remains_of_the_target() -> None:
    march = ("2024-03-01", "2024-04-01")
    goals = [
        goal("1000", *march), goal("150", *march, subject_kind="rep", rep_id=ADA),
        goal("5", *march, kind="grow", subject_kind="rep", rep_id=BO),
    ]
    of = world(goals=goals, deals=[
        deal(closed_on="2024-03-08", amount=Decimal(200)),
        deal(closed_on="2024-03-09", amount=Decimal(50), expected_close_on="2024-03-20"),
        deal("open", expected_close_on="2024-03-08", amount=Decimal(300)), deal("open", expected_close_on="2024-03-07"),
        deal("open", expected_close_on="2024-04-01"), deal("open", expected_close_on="2024-03-31", owner_id=BO),
    ])
    assert four(figure("pipeline_coverage", of, *march, today="2024-03-08")) == (Decimal("0.5625"), 450, 800, 3)
    reached = figure("pipeline_coverage", of, *march, today="2024-03-08", subject=("rep", ADA))
    assert four(reached) == (None, 350, -50, 2)
    assert four(figure("pipeline_coverage", of, *march, today="2024-03-08", subject=("rep", BO))) == (None, 100, None, 1)
    assert four(figure("pipeline_coverage", of, "2024-03-01", "2024-03-31", today="2024-03-08")) == (None, 350, None, 2)


def velocity_world(**settings: Any) -> World:
    qualified = {"qualified_on": "2024-01-05"}
    return world(organisation=settings, deals=[
        deal("open", **qualified), deal("open", **qualified, amount=None), deal("open", qualified_on="2024-04-01"), deal("open"),
        deal(closed_on="2024-03-10", opened_on="2024-03-01", **qualified, amount=Decimal(300)),
        deal(closed_on="2024-03-20", opened_on="2024-03-05", first_contact_on="2024-02-29", **qualified),
        deal("lost", closed_on="2024-03-05", **qualified), deal("lost", closed_on="2024-04-01", **qualified),
        deal("lost", closed_on="2024-03-05"), deal(closed_on="2024-03-05", amount=Decimal(9999)),
    ])


def test_velocity_is_of_qualified_deals_only() -> None:
    """3 open × 2 of 3 won × 200 on average ÷ (9 + 20) / 2 days."""
    found = figure("sales_velocity", velocity_world(), "2024-03-01", "2024-04-01")
    assert (found.value, found.count, found.capped) == (pytest.approx(Decimal(400) / Decimal("14.5")), 0, False)
    assert (found.numerator, found.denominator) == (pytest.approx(Decimal(400)), Decimal("14.5"))


def test_velocity_looks_back_from_today_while_the_span_runs() -> None:
    """On 10 March one of two was won, in nine days."""
    found = figure("sales_velocity", velocity_world(), "2024-03-01", "2024-04-01", today="2024-03-10")
    assert found.value == Decimal(3) * Decimal("0.5") * 300 / 9
    month = figure("sales_velocity", velocity_world(velocity_months=1), "2024-03-01", "2024-05-01", today="2030-01-01")
    assert four(month)[:3] == (None, 0, 0)  # in April nothing was won


def test_a_sale_within_the_day_takes_a_day() -> None:
    at_once = deal(opened_on="2024-03-05", closed_on="2024-03-05", qualified_on="2024-03-05")
    of = world(deals=[at_once, deal("open", qualified_on="2024-03-05")])
    found = figure("sales_velocity", of, "2024-03-01", "2024-04-01")
    assert (found.value, found.denominator, found.capped) == (100, 1, True)


def test_a_year_so_far_begins_with_the_fiscal_year() -> None:
    of = world(organisation={"fiscal_year_month": 7}, deals=[
        deal(closed_on="2024-06-30", amount=Decimal(1)), deal(closed_on="2024-07-01", amount=Decimal(20)),
        deal(closed_on="2025-02-28", amount=Decimal(300)), deal(closed_on="2023-07-01", amount=Decimal(10)),
        deal(closed_on="2024-02-29", amount=Decimal(70)), deal(closed_on="2024-03-01", amount=Decimal(1000)),
    ])
    assert four(figure("sales_growth_ytd", of, "2025-02-01", "2025-03-01")) == (3, 240, 80, 2)


def test_a_running_year_is_compared_by_working_days() -> None:
    """23 working days have gone on 1 February 2024; the 23rd of 2023 was 2 February."""
    of = world(deals=[
        deal(closed_on="2023-02-02"), deal(closed_on="2023-02-03", amount=Decimal(1000)), deal(closed_on="2024-01-15", amount=Decimal(250)),
    ])
    assert four(figure("sales_growth_ytd", of, "2024-02-01", "2024-03-01", today="2024-02-01")) == (1.5, 150, 100, 1)


def test_a_year_back_keeps_the_dates() -> None:
    assert year_back((date("2024-02-01"), date("2024-03-01"))) == (date("2023-02-01"), date("2023-03-01"))
    assert year_back((date("2025-02-01"), date("2025-03-01"))) == (date("2024-02-01"), date("2024-03-01"))
    assert year_back((date("2024-02-29"), date("2024-03-01"))) == (date("2023-02-28"), date("2023-03-01"))
    assert year_back((date("2024-02-28"), date("2024-02-29"))) == (date("2023-02-28"), date("2023-03-01"))
    assert months_before(date("2024-03-31"), 1) == date("2024-02-29")
    assert months_before(date("2024-01-31"), 12) == date("2023-01-31")
    assert months_before(date("2024-02-29"), 12) == date("2023-02-28")


def test_a_span_that_crosses_the_years_end_takes_the_year_of_today() -> None:
    span = (date("2024-12-01"), date("2025-03-01"))
    assert year_so_far(world(), span, date("2024-12-10"))[0] == date("2024-01-01")
    assert year_so_far(world(), span, date("2025-01-10"))[0] == date("2025-01-01")
    assert year_so_far(world(), span, date("2026-01-10"))[0] == date("2025-01-01")
    assert compared_year(world(), span, date("2026-01-10")) == (date("2024-01-01"), date("2024-03-01"))


def test_customers_lost_of_those_there_at_the_start() -> None:
    of = world(contracts=[
        contract(ACME, "2023-01-01", "2024-01-01"), contract(ACME, "2024-01-01", "2024-06-01"), contract(ACME, "2024-03-01", "2024-07-01"),
        contract(BETA, "2023-01-01", "2024-02-29"), contract(BETA, "2024-03-05", None), contract(CODA, "2024-05-01", "2024-06-01"),
        contract(24, "2023-01-01", None), contract(25, "2024-01-01", "2025-01-01"),
    ])
    assert four(figure("churn_rate", of, *YEAR)) == (1, 4, 4, 4)  # who leaves at the turn of the year leaves on its last day
    assert four(figure("churn_rate", of, *YEAR, today="2024-06-01")) == (0.5, 2, 4, 2)  # Acme's cover lasts another month
    assert four(figure("churn_rate", of, "2024-02-01", "2024-02-29")) == (Decimal("0.25"), 1, 4, 1)
    assert four(figure("churn_rate", of, "2024-02-29", "2024-03-01")) == (0, 0, 3, 0)
    assert four(figure("churn_rate", world(), *YEAR)) == (None, 0, 0, 0)


def test_a_cost_is_spread_over_its_days() -> None:
    """Ten cents over three days: 3, 3 and 4; minus ten: -4, -3 and -3."""
    of = world(costs=[cost("0.10", "2024-03-30", "2024-04-02")], deals=[deal(customer_id=ACME, closed_on="2024-03-30")])
    assert four(figure("cac", of, "2024-03-30", "2024-03-31")) == (Decimal("0.03"), Decimal("0.03"), 1, 1)
    assert four(figure("cac", of, "2024-04-01", "2024-05-01")) == (None, Decimal("0.04"), 0, 1)
    assert four(figure("cac", of, "2024-04-02", "2024-05-01")) == (None, 0, 0, 0)
    back = world(costs=[cost("-0.10", "2024-03-30", "2024-04-02")])
    assert [figure("cac", back, f"2024-0{one}", f"2024-0{other}").numerator for one, other in (
        ("3-30", "3-31"), ("3-31", "4-01"), ("4-01", "4-02"), ("3-01", "5-01"),
    )] == [Decimal("-0.04"), Decimal("-0.03"), Decimal("-0.03"), Decimal("-0.10")]


def test_a_cost_abroad_is_converted_day_by_day() -> None:
    abroad = cost("50", "2024-03-01", "2024-03-06", currency="SEK")
    of = world(rates=[rate("2024-03-02", "0.1"), rate("2024-03-04", "0.25")], costs=[abroad])
    assert figure("cac", of, *YEAR).numerator == Decimal("7.00")  # nothing known of the first day, then 1, 1, 2.5 and 2.5


def test_costs_may_lie_a_sales_cycle_earlier() -> None:
    of = world(
        organisation={"lag_costs": True}, costs=[cost("31", "2024-01-01", "2024-02-01"), cost("290", "2024-02-01", "2024-03-01")],
        deals=[deal(customer_id=ACME, opened_on="2024-02-01", closed_on="2024-02-11")],
    )
    found = figure("cac", of, "2024-02-01", "2024-03-01", today="2024-03-01")
    assert four(found) == (200, 200, 1, 2)  # 22 January to 19 February: ten days at 1 and 19 at 10


def test_what_a_customer_is_worth() -> None:
    """Acme brings 500 a year and Beta 50 all year, Coda 500 for a quarter; the fourth is unknown. Of three one is lost a year."""
    of = world(contracts=[
        contract(ACME, "2023-01-01", None), contract(BETA, "2023-01-01", None, yearly_amount=Decimal(100)),
        contract(CODA, "2023-01-01", "2024-04-01"), contract(24, "2024-02-01", None, margin=None),
    ])
    found = figure("clv", of, *YEAR)
    yearly = (Decimal(500) * 366 + Decimal(50) * 366 + Decimal(500) * 91) / (366 + 366 + 91)
    assert (found.value, found.capped, found.denominator) == (pytest.approx(yearly * 3), False, 1)
    running = figure("clv", of, *YEAR, today="2024-03-31")  # Coda is not lost before 1 April
    assert (running.value, running.capped) == (350 * 5, True)


def test_two_contracts_of_one_customer_are_one_customers() -> None:
    of = world(contracts=[contract(ACME, "2024-01-01", None), contract(ACME, "2024-01-01", None)])
    assert figure("clv", of, *YEAR).value == 1000 * 5


def test_worth_against_price() -> None:
    of = world(
        contracts=[contract(ACME, "2024-01-01", None)], costs=[cost("1250", *YEAR)], deals=[deal(customer_id=ACME, closed_on="2024-03-01")],
    )
    assert four(figure("clv_to_cac", of, *YEAR)) == (2, 2500, 1250, 0)
    free = world(contracts=of.contracts, deals=of.deals)
    assert four(figure("clv_to_cac", free, *YEAR)) == (None, 2500, 0, 0)
