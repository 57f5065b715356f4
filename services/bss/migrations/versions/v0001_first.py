"""The first tables of the companions.

Each table as one text: `name:kind`, with `!` for what belongs to its key, and `+` for what has an index.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KINDS: dict[str, Any] = {"word": sa.String(255), "text": sa.Text(), "int": sa.BigInteger(), "bool": sa.Boolean()}
TABLES = {
    "bss_allocations": (
        "tenant:word! payment_id:word! invoice_id:word! account_id:text currency:text amount_micros:int at:int!"
    ),
    "bss_balances": (
        "tenant:word! account_id:word! currency:word! bucket:word! priority:int amount_micros:int expires_at:int!"
    ),
    "bss_bill_run_parts": "tenant:word! batch_id:word! part:int! records:int invoices:int amount_micros:int",
    "bss_billing_credits": (
        "credit_id:word! account_id:word+ currency:text agent_id:text ticket_id:text approved_by:text "
        "amount_micros:int billed_in:word+"
    ),
    "bss_charging_requests": (
        "tenant:word! request_id:word! account_id:word+ currency:text kind:text amount_micros:int at:int "
        "bucket:text expires_at:int reservation_id:text outcome:text balance_after_micros:int"
    ),
    "bss_completed_orders": (
        "tenant:word! order_item_id:word! action:text state:text product_id:word+ subscriber_id:word+ "
        "account_id:word+ product_offering_id:text channel:text dealer_id:text event_time:int"
    ),
    "bss_dunning": (
        "tenant:word! invoice_id:word! step:word! account_id:word+ due_at:int at:int executed:bool "
        "amount_micros:int currency:text"
    ),
    "bss_invoice_lines": (
        "tenant:word! line_id:word! invoice_id:text account_id:word+ subscriber_id:text product_id:text "
        "kind:text product_offering_id:text period_start:int period_end:int usage_count:int units:int "
        "amount_micros:int currency:text account_code:text tax_id:text agent_id:text ticket_id:text "
        "approved_by:text corrects_line_id:text batch_id:word+"
    ),
    "bss_invoices": (
        "tenant:word! invoice_id:word! account_id:word+ currency:text issued:int due:int period_start:int "
        "period_end:int total_micros:int tax_micros:int open_micros:int state:text batch_id:word+"
    ),
    "bss_journal": (
        "tenant:word! entry_id:word! account_code:word! period:word+ booked_at:int amount_micros:int "
        "currency:text refers_to:text batch_id:word+ side:word!"
    ),
    "bss_mediation_files": (
        "tenant:word! source:text sha256:word! file_id:text sequence_number:int records:int first_time:int "
        "last_time:int"
    ),
    "bss_mediation_held": "tenant:word! event_id:word! reason:text hop:text since:int record:text",
    "bss_mediation_legs": (
        "tenant:word! event_id:word! calling_number:text called_number:text record_type:text moment:int "
        "call_reference:text"
    ),
    "bss_mediation_parts": "tenant:word! event_id:word! reason:text hop:text since:int record:text",
    "bss_mediation_seen": "tenant:word! event_time:int! key:int! event_id:text",
    "bss_network": (
        "tenant:word! product_id:word! subscriber_id:word+ imsi:text msisdn:text service_specification:text "
        "state:text since:int created_at:int"
    ),
    "bss_order_items": (
        "tenant:word! order_item_id:word! order_id:text action:text state:word+ state_at:int product_id:text "
        "customer_id:text account_id:text subscriber_id:text product_offering_id:text msisdn:text imsi:text "
        "imei:text channel:text dealer_id:text agent_id:text requested_at:int cause:text"
    ),
    "bss_payments": (
        "tenant:word! payment_id:word! state:word! kind:text account_id:word+ currency:text amount_micros:int at:int"
    ),
    "bss_rating_backlog": "event_id:word! rating_error:text record:text",
    "bss_rating_batches": "batch_id:word! records:int amount_micros:int",
    "bss_rating_buckets": (
        "subscriber_id:word! allowance_id:word! service:text destination:text priority:int valid_from:int! "
        "valid_to:int granted:int remaining:int"
    ),
    "bss_rating_sums": (
        "batch_id:word! account_id:word!+ subscriber_id:word! currency:word! unit:word! destination:word! "
        "day:int! usage_count:int units:int amount_micros:int billed_in:word+"
    ),
    "bss_receivables": (
        "tenant:word! invoice_id:word! account_id:word+ currency:text issued:int due:int total_micros:int "
        "open_micros:int"
    ),
    "bss_reference": (
        "event_id:text event_time:int source:text received_at:int file_id:text tenant:word! entity:word! "
        "id:word! valid_from:int! valid_to:int account_class:text account_id:word+ limit_micros:int "
        "price_micros:int rate_micros:int currency:text charge_kind:text bill_cycle:text zone:text since:int "
        "msisdn:text imsi:text imei:text country:text number_type:text operator:text direction:text "
        "list_name:text rule:text risk:int latitude_e6:int longitude_e6:int name:text version:int! "
        "product_offering_id:text tariff_id:text charging:text in_advance:bool proration:text "
        "commitment_micros:int service:text place:text prefix:text exact:text destination:text band:text "
        "days:text from_minute:int until_minute:int from_units:int connect_micros:int per_units:int "
        "first_units:int step_units:int rounding:text round_micros:int split_bands:bool units:int "
        "priority:int rollover_periods:int share_ppm:int months:int condition:text partner_id:text route:text "
        "clawback_days:int day:int"
    ),
    "bss_reservations": "tenant:word! reservation_id:word! account_id:text currency:text amount_micros:int",
    "bss_service_orders": (
        "tenant:word! service_order_id:word! order_item_id:word+ verb:text state:word+ state_at:int "
        "due_at:int product_id:text subscriber_id:text service_specification:text msisdn:text imsi:text "
        "cause:text"
    ),
    "bss_statement_lines": (
        "tenant:word! statement_id:word! partner_id:word+ direction:text kind:text route:text prefix:text "
        "destination:text unit:text currency:text order_item_id:text product_id:text batch_id:text line:word! "
        "period_start:int period_end:int units:int rate_micros:int amount_micros:int"
    ),
    "bss_vouchers": (
        "tenant:word! serial:word! state:text state_at:int face_value_micros:int currency:text dealer_id:text "
        "account_id:text payment_id:text"
    ),
}


def upgrade() -> None:
    """Make the tables."""
    for table, columns in TABLES.items():
        made, keys, indexes = [], [], []
        for column in columns.split():
            name, _, kind = column.partition(":")
            is_key = "!" in kind
            made.append(sa.Column(name, KINDS[kind.rstrip("!+")], nullable=not is_key, autoincrement=False))
            keys += [name] if is_key else []
            indexes += [name] if "+" in kind else []
        op.create_table(table, *made, sa.PrimaryKeyConstraint(*keys, name=f"pk_{table}"))
        for name in indexes:
            op.create_index(f"ix_{table}_{name}", table, [name])


def downgrade() -> None:
    """Drop the tables."""
    for table in reversed(TABLES):
        op.drop_table(table)
