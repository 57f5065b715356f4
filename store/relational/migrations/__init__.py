"""Alembic's history of the relational tables."""
