"""Closes the last months, as the admin does some days after the end of each."""

from __future__ import annotations

import datetime as dt

from kpi_tracker.demo.staff import Staff
from kpi_tracker.periods import add_months
from kpi_tracker.rollups.closing import closing_rule_set, period_close

MONTHS = 3
DAYS_AFTER = 8
NINE = dt.time(9)


def close_months(staff: Staff, *, today: dt.date) -> list[dt.date]:
    """Those of the last MONTHS months whose time has come; from now on months close by themselves."""
    organisation, closed = staff.organisation, []
    for back in range(MONTHS, 0, -1):
        month = add_months(today.replace(day=1), -back)
        day = add_months(month, 1) + dt.timedelta(days=DAYS_AFTER)
        if day <= today:
            moment = dt.datetime.combine(day, NINE, tzinfo=organisation.zone)
            period_close(organisation=organisation, month=month, by=staff.users[""], now=moment)
            closed.append(month)
    closing_rule_set(organisation=organisation, days_after=DAYS_AFTER, today=today)
    return closed
