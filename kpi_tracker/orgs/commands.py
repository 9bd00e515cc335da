"""What the management commands share: naming an organisation."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from kpi_tracker.orgs.models import Organisation


def add_organisation_argument(parser: Any) -> None:
    parser.add_argument("organisation", help="the organisation's short name, as in its addresses")


def organisation_named(slug: str) -> Organisation:
    try:
        return Organisation.objects.get(slug=slug)
    except Organisation.DoesNotExist:
        known = ", ".join(Organisation.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"There is no organisation {slug!r}; known are: {known}.") from None
