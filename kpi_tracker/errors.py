"""The exceptions that this project raises itself.

KpiTrackerError
├── UserError            the person can mend it: shown to them, with a stable code
│   ├── InvalidInput     a value that cannot be used; names the field where there is one
│   ├── NothingThere     nothing of that name or id can be seen here (HTTP 404)
│   └── NotPermitted     a member of the organisation without the right (HTTP 403)
└── InternalError        a fault of ours: logged, never shown in detail
"""


class KpiTrackerError(Exception):
    """Root of the tree."""


class UserError(KpiTrackerError):
    """Shown to the person; `code` is stable and listed in the README."""

    code = "error"

    def __init__(self, message: str, *, field: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code or self.code


class InvalidInput(UserError):
    code = "invalid"


class NothingThere(UserError):
    code = "not_found"


class NotPermitted(UserError):
    code = "not_permitted"


class InternalError(KpiTrackerError):
    """Something that cannot be if the code is right."""
