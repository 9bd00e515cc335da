"""Who signs in to the demo organisation. The password is no secret: it is printed and opens invented data only."""

from __future__ import annotations

from typing import NamedTuple

from kpi_tracker.scope import Role

SLUG = "nordlys"
NAME = "Nordlys AB"
DOMAIN = "nordlys.example"
PASSWORD = "midnattssol"  # noqa: S105


class Account(NamedTuple):
    """seller: whose figures are the person's own. manages: the team that the person leads."""

    email: str
    name: str
    role: Role
    seller: str = ""
    manages: str = ""


# Those who sign in with PASSWORD.
ACCOUNTS = (
    Account(f"admin@{DOMAIN}", "Ingrid Falk", Role.ADMIN),
    Account(f"manager@{DOMAIN}", "Karin Ahl", Role.MANAGER, manages="Stockholm"),
    Account(f"rep@{DOMAIN}", "Elsa Lindqvist", Role.REP, seller="Elsa Lindqvist"),
    Account(f"viewer@{DOMAIN}", "Tomas Wiik", Role.VIEWER),
)
# Those who are named, but have no password yet.
COLLEAGUES = (
    Account(f"karl.wennerholm@{DOMAIN}", "Karl Wennerholm", Role.MANAGER, manages="Sales Sweden"),
    Account(f"stefan.hallman@{DOMAIN}", "Stefan Hallman", Role.MANAGER, manages="Göteborg"),
    Account(f"leena.koskinen@{DOMAIN}", "Leena Koskinen", Role.MANAGER, manages="Sales Finland"),
    Account(f"mikael.strand@{DOMAIN}", "Mikael Strand", Role.REP, seller="Mikael Strand"),
    Account(f"johan.berg@{DOMAIN}", "Johan Berg", Role.REP, seller="Johan Berg"),
    Account(f"ville.lahtinen@{DOMAIN}", "Ville Lahtinen", Role.REP, seller="Ville Lahtinen"),
)
