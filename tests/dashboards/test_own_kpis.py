"""Pages of own KPIs and activity types, as alice (admin), mona (manager), vera (viewer) and charlie (of another organisation)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from goals.models import Goal
from kpi_tracker.kpis.measures import Unit
from kpi_tracker.kpis.models import KpiSetting, OwnKpi, OwnKpiVersion
from kpi_tracker.kpis.own_definition import read
from kpi_tracker.kpis.own_services import Details, own_kpi_create
from kpi_tracker.rollups.builder import refresh_fully
from kpi_tracker.sales.models import Activity, ActivityType
from tests import factories
from tests.api.conftest import program_of
from tests.dashboards.conftest import SignedIn, World, text

NOW = dt.datetime(2024, 4, 10, 12, tzinfo=dt.UTC)
WON = {"aggregation": "count", "above": {"fact": "deal", "clock": "closed", "statuses": ["won"]}}


@pytest.fixture(autouse=True)
def _april(monkeypatch: pytest.MonkeyPatch) -> None:
    """Last month is March 2024, where the world has its records."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def url(world: World, name: str, **kwargs: Any) -> str:
    return reverse(f"dashboards:{name}", kwargs={"org": world.org.slug, **kwargs})


def typed(**changes: Any) -> dict[str, Any]:
    """A form filled in: won deals above 800 euros."""
    values = {
        "name": "Large wins", "description": "", "category": "result", "owner": "closer", "direction": "up", "aggregation": "count",
        "above-fact": "deal", "above-deal-clock": "closed", "above-deal-statuses": ["won"], "above-amount_from": "800",
        "below-fact": "activity", "below-activity-clock": "occurred",
    } | changes
    return {key: value for key, value in values.items() if value is not None}


def make(world: World, definition: dict[str, Any] = WON, name: str = "Wins", unit: Unit = Unit.COUNT) -> OwnKpi:
    details = Details(name, "result", "closer", unit, "up")
    return own_kpi_create(scope=world.scope("alice"), details=details, definition=read(definition))


def test_an_admin_makes_one_and_it_is_there_at_once(world: World, signed_in: SignedIn) -> None:
    client = signed_in("alice")
    answer = client.post(url(world, "own_kpi_new"), typed())
    own = OwnKpi.objects.get(organisation=world.org)
    assert (answer.status_code, answer.headers["Location"]) == (302, url(world, "own_kpi", id=own.pk))
    assert (own.name, own.unit) == ("Large wins", "count")
    page = text(client.get(url(world, "own_kpi", id=own.pk)))
    assert "The number of deals with status won and an amount of 800 EUR or more." in page
    assert "for all history" in page
    month = reverse("dashboards:organisation", kwargs={"org": world.org.slug, "grain": "month", "start": "2024-03-01"})
    shown = text(client.get(month, {"kpi": own.key}))
    assert "Large wins" in shown
    listed = text(client.get(reverse("dashboards:records", kwargs={"org": world.org.slug, "kpi": own.key}),
                             {"subject": "organisation", "start": "2024-03-01", "end": "2024-03-31"}))
    assert "Acme" in listed


def test_the_api_lists_it_and_gives_its_figures(world: World) -> None:
    own = make(world)
    program = program_of(world.org)
    listed = {kpi["kpi"]: kpi for kpi in program.get("kpis/").json()}
    assert (listed[own.key]["label"], listed[own.key]["unit"], listed[own.key]["category"]) == ("Wins", "count", "result")
    (row,) = program.get(f"kpis/{own.key}/values", from_="2024-03-01", to="2024-03-31").json()["rows"]
    assert Decimal(row["value"]) == 5
    elsewhere = program_of(world.other).get(f"kpis/{own.key}/values", from_="2024-03-01", to="2024-03-31")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "unknown_kpi")


def test_the_preview_counts_last_month_and_saves_nothing(world: World, signed_in: SignedIn) -> None:
    client = signed_in("alice")
    page = text(client.get(url(world, "own_kpi_preview"), typed(name=None)))
    assert "3 in March 2024" in page  # 1,000 and 2,000 and 4,000 €; 500 is too little, one has no amount
    assert "Deal · Acme" in page
    assert "Bob Berg" in page
    assert "Left out: 1, no amount" in page
    assert "12 Mar: 1" in page
    assert not OwnKpi.objects.exists()


def test_the_preview_divides_sums_by_sums(world: World, signed_in: SignedIn) -> None:
    asked = typed(**{
        "aggregation": "ratio", "above-quantity": "amount", "above-amount_from": "", "below-activity-kinds": ["call"],
    })
    page = text(signed_in("alice").get(url(world, "own_kpi_preview"), asked))
    assert "1 500 € in March 2024" in page  # 7,500 € over five calls
    assert "7 500 € ÷ 5" in page
    assert "Above the line" in page


def test_the_preview_says_what_is_missing(world: World, signed_in: SignedIn) -> None:
    page = text(signed_in("alice").get(url(world, "own_kpi_preview"), typed(aggregation="sum")))
    assert "Choose what is added up." in page


def test_the_preview_says_where_nothing_counts(world: World, signed_in: SignedIn) -> None:
    page = text(signed_in("alice").get(url(world, "own_kpi_preview"), typed(**{"above-amount_from": "999999"})))
    assert "Nothing counted in March 2024" in page


@pytest.mark.parametrize(("changes", "said"), [
    ({"name": ""}, "This field is required."),
    ({"name": "Revenue"}, "There is already a KPI called Revenue."),
    ({"aggregation": "sum"}, "Choose what is added up."),
    ({"above-amount_from": "many"}, "Write a number, such as 640 000 or 31.8."),
    ({"above-amount_from": "10", "above-amount_to": "5"}, "The largest amount is smaller than the smallest one."),
    ({"above-deal-statuses": ["wonderful"]}, "wonderful is not one of the available choices."),
    ({"aggregation": "ratio", "below-fact": "deal", "below-quantity": "amount"}, "These two cannot be divided"),
    ({"aggregation": "average", "above-quantity": "duration"}, "These records have nothing of that kind to add up"),
])
def test_a_form_that_cannot_be_used_says_so_beside_the_field(world: World, signed_in: SignedIn, changes: Any, said: str) -> None:
    answer = signed_in("alice").post(url(world, "own_kpi_new"), typed(**changes))
    assert answer.status_code == 422
    assert said in text(answer)
    assert not OwnKpi.objects.exists()


def test_what_the_page_hides_is_not_counted(world: World, signed_in: SignedIn) -> None:
    """Filters of deals that were chosen before the records were changed to activities are left out."""
    signed_in("alice").post(url(world, "own_kpi_new"), typed(**{"above-fact": "activity", "above-activity-kinds": ["call"]}))
    version = OwnKpiVersion.objects.get()
    assert version.definition == {"aggregation": "count", "above": {"fact": "activity", "clock": "occurred", "kinds": ["call"]}}
    assert (version.fact, version.fact_below, version.author) == ("activity", "", world.users["alice"])


def change(world: World, signed_in: SignedIn, own: OwnKpi, **changes: Any) -> Any:
    values = typed(**{"name": own.name, "above-amount_from": "", "holds": "", "note": ""} | changes)
    return signed_in("alice").post(url(world, "own_kpi_change", id=own.pk), values)


def test_another_definition_asks_from_when_on(world: World, signed_in: SignedIn) -> None:
    own = make(world)
    answer = change(world, signed_in, own, **{"above-amount_from": "800"})
    assert answer.status_code == 422
    assert "Say from when on this counts" in text(answer)
    answer = change(world, signed_in, own, **{"above-amount_from": "800", "holds": "from"})
    assert "Choose the first day that counts this way." in text(answer)
    assert OwnKpiVersion.objects.count() == 1


def test_the_page_says_which_definition_held_when(world: World, signed_in: SignedIn) -> None:
    own = make(world)
    march = {"holds": "from", "valid_from": "2024-03-10", "note": "Small is noise"}
    answer = change(world, signed_in, own, **{"above-amount_from": "800"} | march)
    assert answer.status_code == 302
    page = text(signed_in("alice").get(url(world, "own_kpi", id=own.pk)))
    assert "from 10 Mar 2024" in page
    assert "until 9 Mar 2024" in page
    assert "Small is noise" in page
    change(world, signed_in, own, **{"above-amount_from": "900", "holds": "all"})
    page = text(signed_in("alice").get(url(world, "own_kpi", id=own.pk)))
    assert page.count("replaced") >= 2
    assert "for all history" in page


def test_from_a_day_on_only_the_filters_change(world: World, signed_in: SignedIn) -> None:
    own = make(world)
    answer = change(world, signed_in, own, **{"above-fact": "lead", "holds": "from", "valid_from": "2024-03-10"})
    assert answer.status_code == 422
    assert "From a day on only the filters may change." in text(answer)


def test_another_name_is_no_new_version(world: World, signed_in: SignedIn) -> None:
    own = make(world)
    assert change(world, signed_in, own, name="Victories").status_code == 302
    own.refresh_from_db()
    assert own.name == "Victories"
    assert OwnKpiVersion.objects.count() == 1


def test_the_form_shows_what_is_counted_now(world: World, signed_in: SignedIn) -> None:
    demo = ActivityType.objects.create(organisation=world.org, name="Demo", kind="meeting")
    own = make(world, {
        "aggregation": "ratio", "above": {"fact": "activity", "clock": "booked", "types": [demo.pk]},
        "below": {"fact": "deal", "clock": "opened", "channels": ["gone"], "amount_from": "1234.50"},
    }, unit=Unit.PERCENT)
    client = signed_in("alice")
    form = client.get(url(world, "own_kpi_change", id=own.pk)).context["form"]
    posted = {"name": own.name, "category": own.category, "owner": own.owner, "direction": own.direction, "aggregation": "ratio",
              "ratio_unit": "percent"}
    for prefix, side in (("above", form.above), ("below", form.below)):
        posted |= {f"{prefix}-{name}": value for name in side.fields if (value := side[name].value()) not in (None, "")}
    assert client.post(url(world, "own_kpi_change", id=own.pk), posted).status_code == 302
    assert OwnKpiVersion.objects.count() == 1


# Switching and deleting ----------------------------------------------------------------------------------

def goal_on(world: World, own: OwnKpi) -> Goal:
    return factories.goal(world.org, own.key, world.org, dt.date(2024, 3, 1), dt.date(2024, 4, 1), 10)


def test_a_goal_on_it_is_in_the_list_of_goals(world: World, signed_in: SignedIn) -> None:
    own = make(world, name="Big <wins>")
    goal = goal_on(world, own)
    client = signed_in("alice")
    page = text(client.get(reverse("goals:list", kwargs={"org": world.org.slug}), {"when": "all"}))
    assert "ig &lt;wins&gt;" in page
    assert "<wins>" not in page
    detail = text(client.get(reverse("goals:detail", kwargs={"org": world.org.slug, "id": goal.pk})))
    assert "5" in detail
    form = text(client.get(reverse("goals:new", kwargs={"org": world.org.slug}), {"kpi": own.key}))
    assert f'value="{own.key}" selected' in form


def test_a_goal_of_calls_per_deal_may_have_decimals(world: World, signed_in: SignedIn) -> None:
    calls = {"aggregation": "ratio", "above": {"fact": "activity", "clock": "occurred", "kinds": ["call"]}, "below": WON["above"]}
    own = make(world, calls, name="Calls per deal")
    values = {"kpi": own.key, "subject": "organisation", "period": "month:2024-04-01", "target": "2.5", "why": ""}
    answer = signed_in("alice").post(reverse("goals:new", kwargs={"org": world.org.slug}), values)
    assert answer.status_code == 302
    assert Goal.objects.get().target == Decimal("2.5")


@pytest.mark.parametrize(("definition", "unit", "parts"), [
    ({"aggregation": "ratio", "above": {"fact": "activity", "clock": "occurred", "kinds": ["call"]}, "below": WON["above"]}, Unit.COUNT,
     "5 ÷ 5"),
    ({"aggregation": "average", "above": {"fact": "deal", "clock": "opened", "quantity": "amount"}}, Unit.MONEY, "divided by 3"),
    ({"aggregation": "ratio", "above": {"fact": "stage", "clock": "moved"}, "below": {"fact": "stage", "clock": "moved"}}, Unit.PERCENT,
     "nothing to measure"),
])
def test_a_card_says_nothing_of_an_own_ratio_that_it_cannot_know(
    world: World, signed_in: SignedIn, definition: dict[str, Any], unit: Unit, parts: str
) -> None:
    own = make(world, definition, name="Mine", unit=unit)
    month = reverse("dashboards:organisation", kwargs={"org": world.org.slug, "grain": "month", "start": "2024-03-01"})
    page = text(signed_in("alice").get(month, {"kpi": own.key, "part": "all"}))
    assert parts in page[page.index("Mine"):][:3000]
    math = reverse("dashboards:records", kwargs={"org": world.org.slug, "kpi": own.key})
    assert "By stage" not in text(signed_in("alice").get(math, {"subject": "organisation", "start": "2024-03-01", "end": "2024-03-31"}))


def test_switching_off_and_on(world: World, signed_in: SignedIn) -> None:
    own, client = make(world), signed_in("alice")
    client.post(url(world, "own_kpi_switch", id=own.pk), {"on": "0"})
    own.refresh_from_db()
    assert not own.enabled
    assert "switched off" in text(client.get(url(world, "own_kpi", id=own.pk)))
    client.post(url(world, "own_kpi_switch", id=own.pk), {"on": "1"})
    own.refresh_from_db()
    assert own.enabled


def test_with_a_goal_on_it_it_stays_on(world: World, signed_in: SignedIn) -> None:
    own, client = make(world), signed_in("alice")
    goal_on(world, own)
    answer = client.post(url(world, "own_kpi_switch", id=own.pk), {"on": "0"}, follow=True)
    assert "1 goal is set on this KPI. Without it there would be no figure" in text(answer)
    own.refresh_from_db()
    assert own.enabled


def test_deleting_asks_first_and_takes_the_goals_along(world: World, signed_in: SignedIn) -> None:
    own, kept, client = make(world), make(world, name="Kept"), signed_in("alice")
    goal_on(world, own)
    other = goal_on(world, kept)
    KpiSetting.objects.create(organisation=world.org, kpi=own.key)
    page = text(client.get(url(world, "own_kpi_delete", id=own.pk)))
    assert "1 goal goes with it" in page
    assert OwnKpi.objects.filter(pk=own.pk).exists()
    answer = client.post(url(world, "own_kpi_delete", id=own.pk), follow=True)
    assert answer.redirect_chain[-1][0] == url(world, "own_kpis")
    assert list(OwnKpi.objects.all()) == [kept]
    assert list(Goal.objects.all()) == [other]
    assert not KpiSetting.objects.filter(kpi=own.key).exists()


def test_a_goal_in_calls_never_becomes_one_in_euros(world: World, signed_in: SignedIn) -> None:
    own = make(world)
    goal_on(world, own)
    answer = change(world, signed_in, own, **{"aggregation": "sum", "above-quantity": "amount", "holds": "all"})
    assert answer.status_code == 422
    assert "1 goal is set on this KPI. Their targets are in its unit" in text(answer)


# Who may -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("who", ["mona", "bob", "vera"])
def test_members_read_and_only_admins_change(world: World, signed_in: SignedIn, who: str) -> None:
    own, client = make(world), signed_in(who)
    demo = ActivityType.objects.create(organisation=world.org, name="Demo", kind="meeting")
    for name in ("own_kpis", "activity_types"):
        page = client.get(url(world, name))
        assert page.status_code == 200
        assert url(world, "own_kpi_new") not in text(page)
    assert url(world, "own_kpi_delete", id=own.pk) not in text(client.get(url(world, "own_kpi", id=own.pk)))
    for name, ids in (("own_kpi_new", {}), ("own_kpi_preview", {}), ("own_kpi_change", {"id": own.pk}), ("own_kpi_delete", {"id": own.pk}),
                      ("activity_type", {"id": demo.pk})):
        assert client.get(url(world, name, **ids)).status_code == 403, name
    for name, ids in (("own_kpi_new", {}), ("own_kpi_switch", {"id": own.pk}), ("own_kpi_delete", {"id": own.pk}), ("activity_types", {})):
        assert client.post(url(world, name, **ids), {"name": "Two", "kind": "call"}).status_code == 403, name
    assert list(OwnKpi.objects.filter(enabled=True)) == [own]
    assert list(ActivityType.objects.all()) == [demo]


def test_another_organisation_is_not_there(world: World, signed_in: SignedIn) -> None:
    own = make(world)
    theirs = reverse("dashboards:own_kpi", kwargs={"org": world.other.slug, "id": own.pk})
    client = signed_in("charlie")
    assert client.get(theirs).status_code == 404
    assert client.post(reverse("dashboards:own_kpi_delete", kwargs={"org": world.other.slug, "id": own.pk})).status_code == 404
    assert client.get(url(world, "own_kpi", id=own.pk)).status_code == 404
    assert "Wins" not in text(client.get(reverse("dashboards:own_kpis", kwargs={"org": world.other.slug})))


def test_names_are_text(world: World, signed_in: SignedIn) -> None:
    own = make(world, name="<script>alert(1)</script>")
    client = signed_in("alice")
    for address in (url(world, "own_kpis"), url(world, "own_kpi", id=own.pk), url(world, "own_kpi_change", id=own.pk),
                    url(world, "own_kpi_delete", id=own.pk)):
        page = text(client.get(address))
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_the_list_says_what_to_do_where_there_is_none(world: World, signed_in: SignedIn) -> None:
    page = text(signed_in("alice").get(url(world, "own_kpis")))
    assert "No KPI of your own yet" in page
    assert url(world, "own_kpi_new") in page


def test_queries_of_the_list_do_not_grow(world: World, signed_in: SignedIn, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        make(world, name=f"KPI {number}")
    client = signed_in("alice")
    with django_assert_max_num_queries(12):
        client.get(url(world, "own_kpis"))


# Activity types ------------------------------------------------------------------------------------------

def test_types_are_added_renamed_merged_and_deleted(world: World, signed_in: SignedIn) -> None:
    client = signed_in("alice")
    for name in ("Demo", "Show"):
        client.post(url(world, "activity_types"), {"name": name, "kind": "meeting"})
    demo, show = ActivityType.objects.order_by("name")
    for day in (4, 5):
        factories.activity(world.org, world.bob, dt.date(2024, 3, day), "meeting", type=show)
    assert "Show" in text(client.get(url(world, "activity_types")))
    client.post(url(world, "activity_type", id=demo.pk), {"do": "rename", "name": "Demonstration"})
    demo.refresh_from_db()
    assert demo.name == "Demonstration"
    page = text(client.post(url(world, "activity_type", id=show.pk), {"do": "merge", "into": demo.pk}, follow=True))
    assert "2 activities of Show are Demonstration now." in page
    assert list(ActivityType.objects.all()) == [demo]
    client.post(url(world, "activity_type", id=demo.pk), {"do": "delete"})
    assert not ActivityType.objects.exists()
    assert Activity.objects.filter(organisation=world.org, kind="meeting", type=None).count() == 3


@pytest.mark.parametrize(("values", "said"), [
    ({"name": "", "kind": "call"}, "This field is required."), ({"name": "demo", "kind": "call"}, "There is already a type called demo."),
    ({"name": "Dance", "kind": "dance"}, "dance is not one of the available choices."),
])
def test_a_type_that_cannot_be_added(world: World, signed_in: SignedIn, values: dict[str, str], said: str) -> None:
    ActivityType.objects.create(organisation=world.org, name="Demo", kind="meeting")
    answer = signed_in("alice").post(url(world, "activity_types"), values)
    assert answer.status_code == 422
    assert said in text(answer)


def test_a_type_that_a_kpi_counts_is_merged_not_deleted(world: World, signed_in: SignedIn) -> None:
    demo = ActivityType.objects.create(organisation=world.org, name="Demo", kind="meeting")
    make(world, {"aggregation": "count", "above": {"fact": "activity", "clock": "occurred", "types": [demo.pk]}}, name="Demos held")
    client = signed_in("alice")
    page = text(client.get(url(world, "activity_type", id=demo.pk)))
    assert "Demos held" in page
    assert "Delete the type" not in page
    answer = client.post(url(world, "activity_type", id=demo.pk), {"do": "delete"})
    assert "is counted by Demos held" in text(answer)
    assert ActivityType.objects.filter(pk=demo.pk).exists()


def test_figures_stay_right_through_a_change_without_a_restart(world: World, signed_in: SignedIn) -> None:
    """Two requests of one process: what the first one changes, the second one shows."""
    client = signed_in("alice")
    own = make(world)
    refresh_fully(world.org)
    month = reverse("dashboards:organisation", kwargs={"org": world.org.slug, "grain": "month", "start": "2024-03-01"})

    def shown() -> Any:
        return client.get(month, {"kpi": own.key, "format": "csv"})

    before = text(shown())
    change(world, signed_in, own, **{"above-amount_from": "1500", "holds": "all"})
    after = text(shown())
    assert before != after
    refresh_fully(world.org)
    assert text(shown()) == after

