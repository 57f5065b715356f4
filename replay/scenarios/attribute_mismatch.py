"""A wrong plan in the network: it gives the largest, billing bills the smallest."""

from typing import Any

import polars as pl

from replay.simulate.faults import Few, of_product
from replay.simulate.planted import Planted, ScenarioContext
from replay.truth import Truth

Made = tuple[pl.DataFrame, list[Truth]]


def plant(context: ScenarioContext) -> Planted:
    """A few subscribers of each month."""

    def upgraded(network: pl.DataFrame, office: Any) -> Made:
        small = (pl.col("service_specification") == SMALL) & (pl.col("state") == "active")
        whole = pl.col("since") < office.period[0]
        some = Few(context, context.few, each=context.few, share=False).of(
            network.filter(small & whole & office.may_be_wrong("attribute_mismatch")), "product_id"
        )
        mine = pl.col("product_id").is_in(some["product_id"].to_list())
        amount = office.price(LARGE) - office.price(SMALL)
        truths = [
            of_product("attribute_mismatch", office.this_month(row), amount) for row in some.iter_rows(named=True)
        ]
        given = pl.when(mine).then(pl.lit(LARGE)).otherwise("service_specification")
        return network.with_columns(service_specification=given), truths

    return Planted(faults={"inventory.snapshot": [upgraded]})


SMALL, LARGE = "postpaid-s", "postpaid-l"
