"""Environment of the tests, loaded before Django's settings (`-p tests.environment`)."""

import os
from pathlib import Path

VAR_DIR = Path(os.environ.setdefault("VAR_DIR", str(Path(__file__).resolve().parent.parent / "var" / "tests")))
# WhiteNoise warns of a missing folder, and warnings are errors here.
(VAR_DIR / "static").mkdir(parents=True, exist_ok=True)

os.environ.setdefault("SECRET_KEY", "only-for-tests-and-nothing-else-0123456789")
os.environ.setdefault("STATICFILES_BACKEND", "django.contrib.staticfiles.storage.StaticFilesStorage")
os.environ.setdefault("LOG_LEVEL", "WARNING")
# Pages under test use the embedded cache and queue; only the tests marked `redis` go to the server. The processes of a run side by side
# are children of the first one: they find the address under its other name.
TEST_REDIS_URL = os.environ.setdefault("TEST_REDIS_URL", os.environ.pop("REDIS_URL", ""))
# Playwright runs an event loop in the thread of the tests.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
