"""Make, list and revoke the tokens with which programs use an organisation's API."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.models import ApiToken
from integrations.tokens import token_create, token_list, token_revoke
from kpi_tracker.errors import UserError
from kpi_tracker.orgs.models import Organisation
from kpi_tracker.orgs.selectors import organisation_scope


class Command(BaseCommand):
    help = "Make, list and revoke tokens of the API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="Make a token. It is printed once and can never be read again.")
        create.add_argument("--name", required=True, help="What uses it; to tell tokens apart.")
        create.add_argument("--write", action="store_true", help="It may also write; otherwise it only reads.")
        listing = actions.add_parser("list", help="All tokens of the organisation.")
        revoke = actions.add_parser("revoke", help="Make a token useless, at once.")
        revoke.add_argument("--id", type=int, required=True, help="The token's number, from the list.")
        for action in (create, listing, revoke):
            action.add_argument("--organisation", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = Organisation.objects.filter(slug=options["organisation"]).first()
        if organisation is None:
            raise CommandError(f"There is no organisation {options['organisation']!r}.")
        match options["action"]:
            case "create":
                self._create(organisation, options["name"], write=options["write"])
            case "revoke":
                self._revoke(organisation, options["id"])
            case _:
                self._list(organisation)

    def _create(self, organisation: Organisation, name: str, *, write: bool) -> None:
        right = ApiToken.Right.WRITE if write else ApiToken.Right.READ
        try:
            _token, secret = token_create(organisation=organisation, name=name, right=right)
        except UserError as error:
            raise CommandError(error.message) from error
        self.stderr.write("Keep this token safe: it is not shown again.")
        self.stdout.write(secret)

    def _revoke(self, organisation: Organisation, token_id: int) -> None:
        token = ApiToken.objects.within(organisation_scope(organisation)).filter(pk=token_id).first()
        if token is None:
            raise CommandError(f"{organisation} has no token {token_id}.")
        token_revoke(token=token, now=timezone.now())
        self.stdout.write(f"{token} is revoked.")

    def _list(self, organisation: Organisation) -> None:
        for token in token_list(organisation_scope(organisation)):
            used = f"last used {token.last_used_on}" if token.last_used_on else "never used"
            state = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else used
            self.stdout.write(f"{token.pk:>5}  {token.prefix}…  {token.right:<5}  {state}  {token.name}")
