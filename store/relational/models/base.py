"""What all relational models share: one metadata, kinds of columns, names of constraints."""

from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column

Ordinal = Annotated[
    int, mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True)
]
Tenant = Annotated[str, mapped_column(String(64), default="main", server_default="main")]
By = Annotated[str, mapped_column(String(64), ForeignKey("users.name"))]
Word = Annotated[str, mapped_column(String(64))]

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    """A check that a column has one of some words."""
    return CheckConstraint(f"{column} IN ({', '.join(map(repr, words))})", name=f"{column}_known")


class Base(DeclarativeBase):
    """All models share one metadata, and so one history of migrations."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {int: BigInteger(), str: String(255), dict[str, Any]: JSON()}  # noqa: RUF012  (SQLAlchemy's)
