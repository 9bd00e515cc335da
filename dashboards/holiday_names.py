"""The names of public holidays, in the reader's language where the library knows it."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import holidays
from django.utils.translation import get_language

from kpi_tracker.orgs.models import Organisation
from kpi_tracker.periods import Period

HOMES = {"sv": "SE", "fi": "FI"}


@lru_cache(maxsize=256)
def _names(country: str, year: int, language: str) -> dict[dt.date, str]:
    if country not in holidays.list_supported_countries():
        return {}
    known = holidays.list_localized_countries().get(country, [])
    spoken = next((code for code in known if code.split("_")[0] == language), None)
    names = dict(holidays.country_holidays(country, years=year, language=spoken))
    home = HOMES.get(language, country)
    if spoken is None and home != country:  # the Nordic countries share most of their holidays
        names |= {day: name for day, name in _names(home, year, language).items() if day in names}
    return names


def holidays_off(organisation: Organisation, period: Period, country: str = "") -> list[str]:
    """Those in `period` that fall on a weekday of the working week, in order."""
    language = (get_language() or "en").split("-")[0]
    country = country or organisation.country
    found = {}
    for year in range(period.start.year, period.last.year + 1):
        for day, name in _names(country, year, language).items():
            if day in period and str(day.isoweekday()) in organisation.working_days:
                found[day] = name
    return [found[day] for day in sorted(found)]
