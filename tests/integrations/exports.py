"""What the tests of real exports share."""

from __future__ import annotations

from decimal import Decimal

from django.apps import apps
from django.db import transaction

from kpi_tracker.kpis.query import KpiValue
from kpi_tracker.orgs.models import Organisation


@transaction.atomic
def erase(slug: str) -> None:
    """Take an organisation out again, in any order: references are checked at the end of the transaction."""
    found = list(Organisation.objects.filter(slug=slug).values_list("id", flat=True))
    owned = [model for model in apps.get_models() if any(field.related_model is Organisation for field in model._meta.concrete_fields)]
    for model in owned * 2:  # the second time for what triggers noted of the first
        model._base_manager.filter(organisation__in=found)._raw_delete("default")
    Organisation.objects.filter(id__in=found)._raw_delete("default")


def same(found: KpiValue, expected: float | None, places: int) -> bool:
    """Whether a figure is the expected one, which was rounded to so many places; None: no value."""
    if found.value is None or expected is None:
        return found.value is None and expected is None
    return round(found.value, places) == Decimal(str(expected))
