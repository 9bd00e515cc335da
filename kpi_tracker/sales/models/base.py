"""What the tables of sales records share."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kpi_tracker.orgs.models import Rep
from kpi_tracker.scope import TenantModel


class ExternalRecord(TenantModel):
    """A record that may come from outside; `(source, external_id)` is unique in its organisation."""

    source = models.CharField(_("source"), max_length=40, blank=True)
    external_id = models.CharField(_("id there"), max_length=120, blank=True)

    class Meta:
        abstract = True


def external_once(name: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=["organisation", "source", "external_id"], condition=~Q(external_id=""), name=name)


def rep_key(related_name: str, label: Any, *, null: bool = False) -> Any:
    return models.ForeignKey(
        Rep, on_delete=models.PROTECT, related_name=related_name, verbose_name=label, null=null, blank=null, db_index=False
    )
