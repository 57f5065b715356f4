"""Settings for all tests: no deadline for Hypothesis (compiled code is slow once), examples printed when they fail."""

import os

from hypothesis import settings

os.environ.setdefault("TOLLWATCH_INSTALLATION_KEY", "0" * 32)  # findings of two data directories can be compared

settings.register_profile("tollwatch", deadline=None, print_blob=True)
settings.load_profile("tollwatch")
