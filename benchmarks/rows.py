"""Rows of an invented sales organisation, as lines of text in the form that COPY takes: the same for the same seed.

Working days have many activities, Saturdays and Sundays few, July and the end of December half of them. Reps differ in how much
they do, customers in how much is done with them. Deals follow their stages; what lies after the last day has not happened. Generators
give one line at a time without keeping them, so memory stays small at ten million.
"""

from __future__ import annotations

import datetime as dt
import random
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

NULL = r"\N"
NOBODY = "\t".join([NULL] * 3)  # no customer, no contact, no deal
# Past the last day and before the first, for days that are reckoned from another.
MARGIN = 400
KINDS = (("call", 46), ("email", 30), ("meeting", 12), ("social", 5), ("proposal", 4), ("referral", 2), ("other", 1))
OUTCOMES = {
    "call": (("not_reached", 50), ("reached", 45), ("", 5)),
    "email": (("", 60), ("not_reached", 25), ("reached", 15)),
    "meeting": (("reached", 78), ("cancelled", 9), ("no_show", 7), ("planned", 2), ("", 4)),
}
SUBJECTS = {
    "call": ("First call", "Call back about the offer", "Follow-up after the meeting", "Renewal of the agreement"),
    "email": ("Material as agreed", "Summary of our meeting", "Question about the schedule", "Offer attached"),
    "meeting": ("Introduction", "Needs and requirements", "Demonstration for the management team", "Negotiation"),
    "proposal": ("Proposal for the whole group", "Proposal, second version"),
}
CURRENCIES = ("EUR",) * 17 + ("SEK",) * 2 + ("USD",)
RATES = {"SEK": 0.088, "USD": 0.92}
CHANNELS = ("web", "fair", "referral", "cold call", "partner", "campaign")
REASONS = ("price", "timing", "competitor", "no decision")
ACTIVITY = (
    "id", "organisation_id", "source", "external_id", "kind", "outcome", "subject", "duration_s", "rep_id", "customer_id", "contact_id",
    "deal_id", "occurred_at", "occurred_on", "booked_on",
)
CUSTOMER = (
    "id", "organisation_id", "source", "external_id", "name", "business_id", "country", "segment", "owner_id", "added_by_id", "created_on",
)
CONTACT = ("id", "organisation_id", "source", "external_id", "customer_id", "name", "email", "added_by_id", "created_on")
LEAD = (
    "id", "organisation_id", "source", "external_id", "customer_id", "company", "company_key", "name", "channel", "direction", "status",
    "rep_id", "created_on", "qualified_on", "converted_on",
)
DEAL = (
    "id", "organisation_id", "source", "external_id", "name", "customer_id", "product_id", "lead_id", "channel", "owner_id", "opened_by_id",
    "closed_by_id", "stage_id", "status", "amount", "currency", "one_time_amount", "term_months", "first_contact_on", "opened_on",
    "qualified_on", "expected_close_on", "closed_on", "lost_reason",
)
STAGE_CHANGE = (
    "id", "organisation_id", "source", "external_id", "deal_id", "from_stage_id", "to_stage_id", "changed_at", "changed_on", "rep_id",
)


@dataclass(frozen=True, slots=True)
class Ids:
    """What the rows refer to, and the ids they get: `first` is the last id that each table has already."""

    organisation: int
    reps: Sequence[int]
    stages: Sequence[int]  # prospect, qualified, proposal, won, lost
    products: Sequence[int]
    first: dict[str, int]


class History:
    """The days, how much happens on each, and what the tables must agree on: which deal belongs to which customer and lead."""

    def __init__(self, ids: Ids, *, activities: int, deals: int, today: dt.date, years: int, seed: int) -> None:
        self.ids = ids
        self.seed = seed
        self.today = today
        self.start = today.replace(year=today.year - years) + dt.timedelta(days=1)
        self.length = (today - self.start).days + 1
        self.days = [(self.start + dt.timedelta(days=n - MARGIN)).isoformat() for n in range(self.length + 2 * MARGIN)]
        self.quotas = spread(activities, [weight(self.start + dt.timedelta(days=n)) for n in range(self.length)])
        self.activities = activities
        self.customers = max(activities // 100, len(ids.reps))
        self.contacts = self.customers * 3 // 2
        rng = self.rng("companies of deals")
        self.deal_quotas = spread(deals, self.quotas)
        self.deals = deals
        self.deal_customer = array("q", (int(rng.random() ** 2 * self.customers * (0.3 + 0.7 * n / deals)) for n in range(deals)))
        self.linked_leads = deals // 8
        self.leads = max(self.linked_leads * 2, activities // 200)

    def rng(self, what: str) -> random.Random:
        return random.Random(f"{self.seed} {what}")  # noqa: S311  (an invented world, not a secret)

    def day(self, n: int) -> str:
        """The n-th day of the history; it may lie `MARGIN` days outside."""
        return self.days[n + MARGIN]

    def owner(self, customer: int) -> int:
        return self.ids.reps[customer % len(self.ids.reps)]

    def day_of(self, share: float) -> int:
        """The day by which `share` of the activities have happened."""
        return min(int(share * self.length), self.length - 1)


def weight(day: dt.date) -> float:
    """How much happens on a day, against others."""
    if day.weekday() >= 5:
        return 0.03 if day.weekday() == 5 else 0.01
    return 0.5 if day.month == 7 or (day.month, day.day) >= (12, 20) else 1.0


def spread(total: int, weights: Sequence[float]) -> list[int]:
    """`total` over the weights, in whole numbers that add up to it."""
    sums = list(accumulate(weights))
    marks = [0, *(round(total * value / sums[-1]) for value in sums)]
    return [later - earlier for earlier, later in pairwise(marks)]


def pick(rng: random.Random, choices: Sequence[tuple[str, int]]) -> str:
    return rng.choices([name for name, _ in choices], [share for _, share in choices])[0]


def customers(history: History) -> Iterator[str]:
    """Three in ten were there from the start: nobody knows the day."""
    rng, ids = history.rng("customers"), history.ids
    known, first = history.customers * 3 // 10, ids.first["customer"]
    for n in range(history.customers):
        created = NULL if n < known else history.day(history.day_of((n - known) / (history.customers - known)))
        owner = history.owner(n)
        country, segment = rng.choice(("SE", "SE", "FI", "NO", "DK", "DE")), rng.choice(("industry", "retail", "public", "services"))
        yield f"{first + n + 1}\t{ids.organisation}\tcrm\tc{n}\tCompany {n:06}\t\t{country}\t{segment}\t{owner}\t{owner}\t{created}\n"


def contacts(history: History) -> Iterator[str]:
    """One for each customer in its order, then a second for every other one."""
    ids, first = history.ids, history.ids.first["contact"]
    for n in range(history.contacts):
        customer = n % history.customers
        created = history.day(history.day_of(n / history.contacts))
        yield (
            f"{first + n + 1}\t{ids.organisation}\tcrm\tp{n}\t{ids.first['customer'] + customer + 1}\tPerson {n:06}\tp{n}@example.com"
            f"\t{history.owner(customer)}\t{created}\n"
        )


def deal_days(history: History) -> Iterator[tuple[int, int]]:
    """Each deal's number and the day on which it is opened, in order."""
    n = 0
    for day, quota in enumerate(history.deal_quotas):
        for _ in range(quota):
            yield n, day
            n += 1


def leads(history: History) -> Iterator[str]:
    """First those that became deals, every eighth deal in order, then the others."""
    rng, ids = history.rng("leads"), history.ids
    first, org = ids.first["lead"], ids.organisation
    for deal, day in deal_days(history):
        n, rest = divmod(deal, 8)
        if rest or n >= history.linked_leads:
            continue
        customer = history.deal_customer[deal]
        created = max(day - rng.randrange(25), 0)
        direction, rep = rng.choice(("inbound", "outbound")), history.owner(customer)
        key = ids.first["customer"] + customer + 1
        yield (
            f"{first + n + 1}\t{org}\tcrm\tl{n}\t{key}\tCompany {customer:06}\t#{key}\tPerson {n:06}\t{rng.choice(CHANNELS)}\t{direction}"
            f"\tconverted\t{rep}\t{history.day(created)}\t{history.day((created + day) // 2)}\t{history.day(day)}\n"
        )
    for n in range(history.linked_leads, history.leads):
        created = history.day_of((n - history.linked_leads) / (history.leads - history.linked_leads))
        qualified = history.day(min(created + rng.randrange(14), history.length - 1)) if rng.random() < 0.3 else NULL
        company = rng.randrange(history.leads)
        yield (
            f"{first + n + 1}\t{org}\tcrm\tl{n}\t{NULL}\tProspect {company}\tprospect {company}\tPerson {n:06}\t{rng.choice(CHANNELS)}"
            f"\t{rng.choice(('inbound', 'outbound'))}\tnew\t{rng.choice(ids.reps)}\t{history.day(created)}\t{qualified}\t{NULL}\n"
        )


@dataclass(frozen=True, slots=True)
class Course:
    """What becomes of a deal: the days it entered its stages (as places in `Ids.stages`), the last of them where it stands."""

    number: int
    opened: int
    steps: tuple[tuple[int, int], ...]
    won: bool
    closed: int | None
    expected: int
    taken_over: bool


def courses(history: History) -> Iterator[Course]:
    """Three in ten of those that close are won; a deal takes two months in the mean, from opening to closing."""
    rng = history.rng("courses")
    for number, opened in deal_days(history):
        cycle = 8 + min(int(rng.expovariate(1 / 52)), 300)
        won = rng.random() < 0.3
        stages = (0, 1, 2, 3) if won else (*(0, 1, 2)[:rng.randrange(1, 4)], 4)
        ends = opened + cycle
        days = [opened + cycle * place // (len(stages) - 1) for place in range(len(stages))]
        steps = tuple((stage, day) for stage, day in zip(stages, days, strict=True) if day < history.length)
        expected = min(opened + 60, history.length + MARGIN - 1)
        yield Course(number, opened, steps, won, ends if ends < history.length else None, expected, rng.random() < 0.05)


def deals(history: History) -> Iterator[str]:
    rng, ids = history.rng("amounts"), history.ids
    first, org = ids.first["deal"], ids.organisation
    for course in courses(history):
        n, opened, day = course.number, course.opened, history.day
        customer = history.deal_customer[n]
        owner = history.owner(customer)
        closer = rng.choice(ids.reps) if course.taken_over else owner
        lead = ids.first["lead"] + n // 8 + 1 if n % 8 == 0 and n // 8 < history.linked_leads else NULL
        amount = f"{rng.lognormvariate(9, 0.9):.2f}"
        one_time = f"{float(amount) * 0.2:.2f}" if rng.random() < 0.2 else NULL
        term = rng.choice(("12", "24", "36", NULL, NULL))
        stage = course.steps[-1][0]
        qualified = next((day(when) for stage, when in course.steps if stage in (1, 2, 3)), NULL)
        closed, by, status, reason = NULL, NULL, "open", ""
        if course.closed is not None:
            closed, by, status = day(course.closed), closer, "won" if course.won else "lost"
            reason = "" if course.won else rng.choice(REASONS)
        yield (
            f"{first + n + 1}\t{org}\tcrm\td{n}\tDeal {n:06}\t{ids.first['customer'] + customer + 1}\t{rng.choice(ids.products)}\t{lead}"
            f"\t{rng.choice(CHANNELS)}\t{owner}\t{owner}\t{by}\t{ids.stages[stage]}\t{status}\t{amount}\t{rng.choice(CURRENCIES)}\t{one_time}"
            f"\t{term}\t{day(opened - rng.randrange(40))}\t{day(opened)}\t{qualified}\t{day(course.expected)}\t{closed}\t{reason}\n"
        )


def stage_changes(history: History) -> Iterator[str]:
    ids, first, n = history.ids, history.ids.first["stage_change"], 0
    for course in courses(history):
        deal, owner = ids.first["deal"] + course.number + 1, history.owner(history.deal_customer[course.number])
        before: int | str = NULL
        for stage, when in course.steps:
            n += 1
            day, now = history.day(when), ids.stages[stage]
            yield f"{first + n}\t{ids.organisation}\tcrm\ts{n}\t{deal}\t{before}\t{now}\t{day} 09:{n % 60:02}:00\t{day}\t{owner}\n"
            before = now


def activities(history: History) -> Iterator[str]:
    """By far the most rows: all that can be chosen beforehand is, and one draw of random bits serves a whole row."""
    rng, ids = history.rng("activities"), history.ids
    bits, org, number = rng.getrandbits, ids.organisation, ids.first["activity"]
    customer_ids, contact_ids, deal_ids = ids.first["customer"] + 1, ids.first["contact"] + 1, ids.first["deal"] + 1
    bodies, times = _bodies(rng), _times()
    reps, before = len(ids.reps), number
    per_rep, known = history.customers // reps, max(history.customers // reps * 3 // 10, 1)
    crew = _crew(rng, reps)
    last_deal, counted = array("q", [-1]) * history.customers, 0
    for place, quota in enumerate(history.quotas):
        for _ in range(history.deal_quotas[place]):
            last_deal[history.deal_customer[counted]] = counted
            counted += 1
        day = history.day(place)
        some = known + (per_rep - known) * place // history.length
        for n in range(quota):
            number += 1
            draw = bits(64)
            rep = crew[draw & 4095]
            body, meeting = bodies[(draw >> 12) & 2047]
            # The square makes a few customers stand for much of the work.
            customer = ((draw >> 23 & 1023) ** 2 * some >> 20) * reps + rep
            whom = f"{customer_ids + customer}\t{contact_ids + customer if draw >> 33 & 1 else NULL}\t"
            if not draw >> 34 & 3 and last_deal[customer] >= 0:
                whom += str(deal_ids + last_deal[customer])
            else:
                whom = whom + NULL if draw >> 36 & 15 else NOBODY
            booked = history.day(place - 1 - (draw >> 40 & 15)) if meeting else NULL
            yield (
                f"{number}\t{org}\tcrm\ta{number - before}\t{body}\t{ids.reps[rep]}\t{whom}"
                f"\t{day} {times[n * 600 // quota]}\t{day}\t{booked}\n"
            )


def _bodies(rng: random.Random) -> list[tuple[str, bool]]:
    """2,048 pieces of a row, from its kind to its duration, and whether it is a meeting."""
    made = []
    for _ in range(2048):
        kind = pick(rng, KINDS)
        outcome = pick(rng, OUTCOMES[kind]) if kind in OUTCOMES else ""
        subject = rng.choice(SUBJECTS.get(kind, ("",)))
        duration: int | str = NULL
        if outcome == "reached" and kind != "email":
            duration = rng.randrange(1800, 5400) if kind == "meeting" else rng.randrange(40, 1500)
        made.append((f"{kind}\t{outcome}\t{subject}\t{duration}", kind == "meeting"))
    return made


def _times() -> list[str]:
    """The minutes of a working day, in UTC: the same local day in every zone of Europe."""
    return [f"{6 + minute // 60:02}:{minute % 60:02}:00" for minute in range(600)]


def _crew(rng: random.Random, reps: int) -> list[int]:
    """4,096 draws of a rep; the busiest do about twice as much as the least busy."""
    sums = list(accumulate(rng.uniform(0.7, 1.4) for _ in range(reps)))
    return [bisect_left(sums, (n + 0.5) / 4096 * sums[-1]) for n in range(4096)]
