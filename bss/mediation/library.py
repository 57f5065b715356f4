"""The decoders of BER, loaded when a file needs them: they come with the extra `asn1`."""

import importlib
from functools import cache
from types import ModuleType

from tollwatch.errors import ConfigurationError


@cache
def library(name: str) -> ModuleType:
    """A module of pycrate or asn1tools. Raises ConfigurationError where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.partition(".")[0].partition("_")[0]
        raise ConfigurationError(
            f"binary files need `{package}`, which is not installed: pip install 'tollwatch[asn1]'"
        ) from None
