-- Fields that events have gained: columns of raw events, and the views over them.
--
-- Read by : as the raw events.
-- Grain   : as the raw events.
-- Order   : as the raw events.
-- Kept    : as the raw events.
-- Made by `python -m store.tables NAME` from the types; a test holds the files to them.

ALTER TABLE raw_usage
    ADD COLUMN IF NOT EXISTS node Nullable(String) AFTER currency,
    ADD COLUMN IF NOT EXISTS hop Nullable(String) AFTER node,
    ADD COLUMN IF NOT EXISTS product_id Nullable(String) AFTER hop,
    ADD COLUMN IF NOT EXISTS part_counts Nullable(String) AFTER product_id,
    ADD COLUMN IF NOT EXISTS roaming_direction Nullable(String) AFTER part_counts;

CREATE OR REPLACE VIEW events_usage AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_usage FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'usage' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_orders
    ADD COLUMN IF NOT EXISTS requested_at Nullable(Int64) AFTER card_fingerprint,
    ADD COLUMN IF NOT EXISTS cause Nullable(String) AFTER requested_at;

CREATE OR REPLACE VIEW events_orders AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_orders FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'orders' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_payments
    ADD COLUMN IF NOT EXISTS invoice_id Nullable(String) AFTER ticket_id,
    ADD COLUMN IF NOT EXISTS fee_micros Nullable(Int64) AFTER invoice_id,
    ADD COLUMN IF NOT EXISTS bucket Nullable(String) AFTER fee_micros,
    ADD COLUMN IF NOT EXISTS account_code Nullable(String) AFTER bucket;

CREATE OR REPLACE VIEW events_payments AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_payments FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'payments' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_care
    ADD COLUMN IF NOT EXISTS approved_by Nullable(String) AFTER ticket_id,
    ADD COLUMN IF NOT EXISTS invoice_id Nullable(String) AFTER approved_by;

CREATE OR REPLACE VIEW events_care AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_care FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'care' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_rated
    ADD COLUMN IF NOT EXISTS destination Nullable(String) AFTER batch_id,
    ADD COLUMN IF NOT EXISTS allowance_id Nullable(String) AFTER destination,
    ADD COLUMN IF NOT EXISTS product_id Nullable(String) AFTER allowance_id;

CREATE OR REPLACE VIEW events_rated AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_rated FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'rated' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_billed
    ADD COLUMN IF NOT EXISTS agent_id Nullable(String) AFTER batch_id,
    ADD COLUMN IF NOT EXISTS ticket_id Nullable(String) AFTER agent_id,
    ADD COLUMN IF NOT EXISTS approved_by Nullable(String) AFTER ticket_id,
    ADD COLUMN IF NOT EXISTS account_code Nullable(String) AFTER approved_by,
    ADD COLUMN IF NOT EXISTS tax_id Nullable(String) AFTER account_code,
    ADD COLUMN IF NOT EXISTS corrects_line_id Nullable(String) AFTER tax_id;

CREATE OR REPLACE VIEW events_billed AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_billed FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'billed' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_invoices
    ADD COLUMN IF NOT EXISTS period_start Nullable(Int64) AFTER currency,
    ADD COLUMN IF NOT EXISTS period_end Nullable(Int64) AFTER period_start,
    ADD COLUMN IF NOT EXISTS tax_micros Nullable(Int64) AFTER period_end,
    ADD COLUMN IF NOT EXISTS state Nullable(String) AFTER tax_micros,
    ADD COLUMN IF NOT EXISTS batch_id Nullable(String) AFTER state;

CREATE OR REPLACE VIEW events_invoices AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_invoices FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'invoices' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_dunning
    ADD COLUMN IF NOT EXISTS invoice_id Nullable(String) AFTER executed,
    ADD COLUMN IF NOT EXISTS due_at Nullable(Int64) AFTER invoice_id,
    ADD COLUMN IF NOT EXISTS amount_micros Nullable(Int64) AFTER due_at,
    ADD COLUMN IF NOT EXISTS currency Nullable(String) AFTER amount_micros;

CREATE OR REPLACE VIEW events_dunning AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_dunning FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'dunning' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_balances
    ADD COLUMN IF NOT EXISTS bucket Nullable(String) AFTER batch_id,
    ADD COLUMN IF NOT EXISTS expires_at Nullable(Int64) AFTER bucket;

CREATE OR REPLACE VIEW events_balances AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_balances FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'balances' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_vouchers
    ADD COLUMN IF NOT EXISTS account_id Nullable(String) AFTER dealer_id,
    ADD COLUMN IF NOT EXISTS payment_id Nullable(String) AFTER account_id;

CREATE OR REPLACE VIEW events_vouchers AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_vouchers FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'vouchers' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_postings
    ADD COLUMN IF NOT EXISTS entry_id Nullable(String) AFTER currency,
    ADD COLUMN IF NOT EXISTS refers_to Nullable(String) AFTER entry_id,
    ADD COLUMN IF NOT EXISTS batch_id Nullable(String) AFTER refers_to,
    ADD COLUMN IF NOT EXISTS booked_at Nullable(Int64) AFTER batch_id;

CREATE OR REPLACE VIEW events_postings AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_postings FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'postings' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_settled
    ADD COLUMN IF NOT EXISTS prefix Nullable(String) AFTER batch_id,
    ADD COLUMN IF NOT EXISTS destination Nullable(String) AFTER prefix,
    ADD COLUMN IF NOT EXISTS product_id Nullable(String) AFTER destination;

CREATE OR REPLACE VIEW events_settled AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_settled FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'settled' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_batches
    ADD COLUMN IF NOT EXISTS currency Nullable(String) AFTER amount_micros,
    ADD COLUMN IF NOT EXISTS file_name Nullable(String) AFTER currency,
    ADD COLUMN IF NOT EXISTS sequence_modulus Nullable(Int64) AFTER file_name,
    ADD COLUMN IF NOT EXISTS cadence_s Nullable(Int64) AFTER sequence_modulus;

CREATE OR REPLACE VIEW events_batches AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_batches FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'batches' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_suspense
    ADD COLUMN IF NOT EXISTS stream Nullable(String) AFTER reason,
    ADD COLUMN IF NOT EXISTS node Nullable(String) AFTER stream,
    ADD COLUMN IF NOT EXISTS batch_id Nullable(String) AFTER node,
    ADD COLUMN IF NOT EXISTS duplicate_of Nullable(String) AFTER batch_id,
    ADD COLUMN IF NOT EXISTS units Nullable(Int64) AFTER duplicate_of,
    ADD COLUMN IF NOT EXISTS unit Nullable(String) AFTER units,
    ADD COLUMN IF NOT EXISTS amount_micros Nullable(Int64) AFTER unit,
    ADD COLUMN IF NOT EXISTS currency Nullable(String) AFTER amount_micros;

CREATE OR REPLACE VIEW events_suspense AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_suspense FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'suspense' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_planned_tests
    ADD COLUMN IF NOT EXISTS expected_duration_s Nullable(Int64) AFTER hops,
    ADD COLUMN IF NOT EXISTS expected_charge_micros Nullable(Int64) AFTER expected_duration_s,
    ADD COLUMN IF NOT EXISTS currency Nullable(String) AFTER expected_charge_micros,
    ADD COLUMN IF NOT EXISTS tolerance_s Nullable(Int64) AFTER currency;

CREATE OR REPLACE VIEW events_planned_tests AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_planned_tests FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'planned_tests' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';

ALTER TABLE raw_reference
    ADD COLUMN IF NOT EXISTS version Nullable(Int64) AFTER name,
    ADD COLUMN IF NOT EXISTS product_offering_id Nullable(String) AFTER version,
    ADD COLUMN IF NOT EXISTS tariff_id Nullable(String) AFTER product_offering_id,
    ADD COLUMN IF NOT EXISTS charging Nullable(String) AFTER tariff_id,
    ADD COLUMN IF NOT EXISTS in_advance Nullable(Bool) AFTER charging,
    ADD COLUMN IF NOT EXISTS proration Nullable(String) AFTER in_advance,
    ADD COLUMN IF NOT EXISTS commitment_micros Nullable(Int64) AFTER proration,
    ADD COLUMN IF NOT EXISTS service Nullable(String) AFTER commitment_micros,
    ADD COLUMN IF NOT EXISTS place Nullable(String) AFTER service,
    ADD COLUMN IF NOT EXISTS prefix Nullable(String) AFTER place,
    ADD COLUMN IF NOT EXISTS exact Nullable(String) AFTER prefix,
    ADD COLUMN IF NOT EXISTS destination Nullable(String) AFTER exact,
    ADD COLUMN IF NOT EXISTS band Nullable(String) AFTER destination,
    ADD COLUMN IF NOT EXISTS days Nullable(String) AFTER band,
    ADD COLUMN IF NOT EXISTS from_minute Nullable(Int64) AFTER days,
    ADD COLUMN IF NOT EXISTS until_minute Nullable(Int64) AFTER from_minute,
    ADD COLUMN IF NOT EXISTS from_units Nullable(Int64) AFTER until_minute,
    ADD COLUMN IF NOT EXISTS connect_micros Nullable(Int64) AFTER from_units,
    ADD COLUMN IF NOT EXISTS per_units Nullable(Int64) AFTER connect_micros,
    ADD COLUMN IF NOT EXISTS first_units Nullable(Int64) AFTER per_units,
    ADD COLUMN IF NOT EXISTS step_units Nullable(Int64) AFTER first_units,
    ADD COLUMN IF NOT EXISTS rounding Nullable(String) AFTER step_units,
    ADD COLUMN IF NOT EXISTS round_micros Nullable(Int64) AFTER rounding,
    ADD COLUMN IF NOT EXISTS split_bands Nullable(Bool) AFTER round_micros,
    ADD COLUMN IF NOT EXISTS units Nullable(Int64) AFTER split_bands,
    ADD COLUMN IF NOT EXISTS priority Nullable(Int64) AFTER units,
    ADD COLUMN IF NOT EXISTS rollover_periods Nullable(Int64) AFTER priority,
    ADD COLUMN IF NOT EXISTS share_ppm Nullable(Int64) AFTER rollover_periods,
    ADD COLUMN IF NOT EXISTS months Nullable(Int64) AFTER share_ppm,
    ADD COLUMN IF NOT EXISTS condition Nullable(String) AFTER months,
    ADD COLUMN IF NOT EXISTS partner_id Nullable(String) AFTER condition,
    ADD COLUMN IF NOT EXISTS route Nullable(String) AFTER partner_id,
    ADD COLUMN IF NOT EXISTS clawback_days Nullable(Int64) AFTER route,
    ADD COLUMN IF NOT EXISTS day Nullable(Int64) AFTER clawback_days;

CREATE OR REPLACE VIEW events_reference AS
SELECT r.*, m.mark AS mark FROM (SELECT * FROM raw_reference FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark) AS mark FROM event_mark FINAL WHERE stream = 'reference' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE m.mark != 'refused';
