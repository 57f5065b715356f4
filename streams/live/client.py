"""How clients get in: the settings of Kafka as each library wants to have them."""

import ssl
from typing import Any

import faust
from aiokafka.errors import KafkaError

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
            username=kafka.username, password=kafka.password or "", mechanism=kafka.mechanism,
            ssl_context=tls_context(kafka),
        )  # fmt: skip
    return faust.SSLCredentials(context=tls_context(kafka)) if kafka.tls else None


def sentence(kafka: KafkaSettings, error: Exception) -> StoreError:
    """What a user is told of an error of a client."""
    text = f"{type(error).__name__} {error}".lower()
    if "authentication" in text or "sasl" in text:
        return StoreError(
            f"Kafka at {kafka.servers}: the name or the password is wrong, or SASL is not set up ({error})"
        )
    if isinstance(error, KafkaError | OSError) and ("connect" in text or "bootstrap" in text or "nobrokers" in text):
        return StoreAwayError(f"Kafka at {kafka.servers} cannot be reached; is it running, is the address right?")
    return StoreError(f"Kafka at {kafka.servers}: {error}")
