"""How clients get in: the settings of Kafka as each library wants to have them."""

import socket
import ssl
from typing import Any

import faust

from tollwatch.config import KafkaSettings
from tollwatch.errors import StoreAwayError, StoreError

LARGEST = 16 << 20
"""Bytes of the largest message that is taken or sent."""


def servers(kafka: KafkaSettings) -> list[str]:
    """The brokers, one by one.

    >>> servers(KafkaSettings(servers="a:9092, b:9092"))
    ['a:9092', 'b:9092']
    """
    return [each.strip() for each in kafka.servers.split(",") if each.strip()]


def tls_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """Whom to trust, where the connection is encrypted."""
    return ssl.create_default_context(cafile=kafka.ca_file) if kafka.tls else None


def connection(kafka: KafkaSettings) -> dict[str, Any]:
    """Arguments of every client of aiokafka."""
    given: dict[str, Any] = {"bootstrap_servers": servers(kafka), "security_protocol": kafka.protocol()}
    if kafka.tls:
        given["ssl_context"] = tls_context(kafka)
    if kafka.username:
        given |= {"sasl_mechanism": kafka.mechanism, "sasl_plain_username": kafka.username}
        given["sasl_plain_password"] = kafka.password or ""
    return given


def plain_connection(kafka: KafkaSettings) -> dict[str, Any]:
    """Arguments of every client of kafka-python."""
    return connection(kafka)


def credentials(kafka: KafkaSettings) -> Any:
    """What Faust takes as `broker_credentials`."""
    if kafka.username:
        return faust.SASLCredentials(
            username=kafka.username,
            password=kafka.password or "",
            mechanism=kafka.mechanism,
            ssl_context=tls_context(kafka),
        )
    return faust.SSLCredentials(context=tls_context(kafka)) if kafka.tls else None


def _answers(kafka: KafkaSettings) -> bool:
    """Whether anybody listens where a broker should be."""
    for server in servers(kafka):
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
        except (OSError, ValueError):
            continue
        return True
    return False


def sentence(kafka: KafkaSettings, error: Exception) -> StoreError:
    """What a user is told of an error of a client."""
    where = f"Kafka at {kafka.servers}"
    text = f"{type(error).__name__} {error}".lower()
    if "authentication" in text or "sasl" in text:
        return StoreError(f"{where}: the name or the password is wrong, or SASL is not set up ({error})")
    if not any(word in text for word in ("connect", "bootstrap", "nobrokers")):
        return StoreError(f"{where}: {error}")
    if not _answers(kafka):
        return StoreAwayError(f"{where} cannot be reached; is it running, is the address right?")
    if kafka.username:
        return StoreError(f"{where} answers and lets us not in: the name or the password is wrong")
    return StoreError(f"{where} answers and does not understand us; does it want TLS, or a name and a password?")
