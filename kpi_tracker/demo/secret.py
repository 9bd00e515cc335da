"""The demo's own secret key: made once, kept under var/, read by the settings where SECRET_KEY is not set."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def make_secret_key(var_dir: Path) -> None:
    path = var_dir / "secret_key"
    if path.exists():
        return
    var_dir.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(50) + "\n")
