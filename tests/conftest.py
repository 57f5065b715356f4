"""Settings for all tests: no deadline for Hypothesis (compiled code is slow once), examples printed when they fail."""

from hypothesis import settings

settings.register_profile("tollwatch", deadline=None, print_blob=True)
settings.load_profile("tollwatch")
