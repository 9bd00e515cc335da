"""Tokens with which programs of one organisation use the API. Only a hash of the secret is kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.db.models import F
from django.utils.translation import gettext as _

from integrations.models import ApiToken
from kpi_tracker.errors import InvalidInput
from kpi_tracker.orgs.models import Organisation, User
from kpi_tracker.scope import Role, Scope

MARK = "kt_"
SECRET_BYTES = 32
PREFIX_LENGTH = len(MARK) + 6


def token_create(
    *, organisation: Organisation, name: str, right: ApiToken.Right = ApiToken.Right.READ, created_by: User | None = None
) -> tuple[ApiToken, str]:
    """A new token and its secret, which nobody can read again."""
    name = name.strip()
    if not name or len(name) > 120:
        raise InvalidInput(_("Give the token a name of at most 120 characters, so that you know later what uses it."), field="name")
    secret = MARK + secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken.objects.create(
        organisation=organisation, name=name, prefix=secret[:PREFIX_LENGTH], hash=_hash(secret), right=right, created_by=created_by
    )
    return token, secret


def token_find(*, secret: str) -> ApiToken | None:
    """The token of that secret, unless revoked. Looked up by its hash: 256 random bits need no slow one."""
    return ApiToken.with_hash(_hash(secret))


def token_scope(token: ApiToken) -> Scope:
    """All of the token's organisation; to look at only, unless the token may write."""
    role = Role.ADMIN if token.right == ApiToken.Right.WRITE else Role.VIEWER
    return Scope(organisation=token.organisation, role=role, user_id=None, rep_ids=None, team_ids=None, sees_organisation=True)


def token_used(*, token: ApiToken, today: dt.date) -> None:
    """Remember the day of the last use: one write a day, not one a request."""
    if token.last_used_on != today:
        token.last_used_on = today
        token.save(update_fields=["last_used_on"])


def token_revoke(*, token: ApiToken, now: dt.datetime) -> None:
    """From now on the token opens nothing. Its row stays, to tell what it was."""
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])


def token_list(scope: Scope) -> list[ApiToken]:
    return list(ApiToken.objects.within(scope).select_related("created_by").order_by(F("revoked_at").asc(nulls_first=True), "name", "id"))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
