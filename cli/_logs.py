"""Logs as JSON, a line each, on standard error."""

import logging
import sys
from datetime import UTC, datetime

import msgspec

from tollwatch.safe_text import printable, without_secrets

LOUD = ("aiokafka", "kafka", "faust", "mode")


class JsonLines(logging.Formatter):
    """Time, level, where and what; what was given as `extra` beside it."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "where": record.name,
            "what": printable(without_secrets(record.getMessage())),
        }
        said |= {name: getattr(record, name) for name in ("partition", "offset", "key_space") if hasattr(record, name)}
        if record.exc_info:
            said["error"] = without_secrets(self.formatException(record.exc_info))
        return msgspec.json.encode(said).decode()


def set_up_logs(level: str) -> None:
    """From now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in LOUD:
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))
