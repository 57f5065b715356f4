"""Real servers on this machine, without containers: Apache Kafka and ClickHouse, from packages, on loopback.

For `make up` and for the tests. Operators run servers of their own, or `compose.yaml`.
"""
