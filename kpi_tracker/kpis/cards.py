"""Which KPIs an organisation shows as cards."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from kpi_tracker.errors import NotPermitted
from kpi_tracker.kpis import registry
from kpi_tracker.kpis.models import KpiSetting
from kpi_tracker.scope import Scope


@transaction.atomic
def cards_choose(*, scope: Scope, kpis: Sequence[str]) -> None:
    """Show these KPIs first, in this order; those that were chosen before lose their place. Labels stay as they are."""
    if not scope.may_administer:
        raise NotPermitted(_("Only an admin may choose the cards."))
    for key in kpis:
        registry.kpi(key, scope.organisation)
    KpiSetting.objects.within(scope).exclude(kpi__in=kpis).update(position=0)
    for position, key in enumerate(kpis, start=1):
        KpiSetting.objects.update_or_create(
            organisation=scope.organisation, kpi=key, defaults={"position": position, "enabled": True}
        )
