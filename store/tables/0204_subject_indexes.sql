-- Indexes by which the events of one subject are found among millions, and those of a time.
--
-- Read by : the console's timelines (`store.timeline`)
-- Grain   : see 0101_raw_usage.sql and those behind it.
-- Order   : the same: the place in the source partition. A copy in the order of subjects would double what is stored.
-- Kept    : the same.

ALTER TABLE raw_usage ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_usage ADD INDEX IF NOT EXISTS by_subscriber_id subscriber_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_usage ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_usage ADD INDEX IF NOT EXISTS by_calling_number calling_number TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_usage ADD INDEX IF NOT EXISTS by_called_number called_number TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_usage ADD INDEX IF NOT EXISTS by_imsi imsi TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_usage ADD INDEX IF NOT EXISTS by_imei imei TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_signalling ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_signalling ADD INDEX IF NOT EXISTS by_subscriber_id subscriber_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_signalling ADD INDEX IF NOT EXISTS by_imsi imsi TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_signalling ADD INDEX IF NOT EXISTS by_imei imei TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_outcomes ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_outcomes ADD INDEX IF NOT EXISTS by_calling_number calling_number TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_outcomes ADD INDEX IF NOT EXISTS by_called_number called_number TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_device_sightings ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_device_sightings ADD INDEX IF NOT EXISTS by_imsi imsi TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_device_sightings ADD INDEX IF NOT EXISTS by_imei imei TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_provisioned ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_provisioned ADD INDEX IF NOT EXISTS by_subscriber_id subscriber_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_provisioned ADD INDEX IF NOT EXISTS by_imsi imsi TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_orders ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_orders ADD INDEX IF NOT EXISTS by_subscriber_id subscriber_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_orders ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_orders ADD INDEX IF NOT EXISTS by_imsi imsi TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_orders ADD INDEX IF NOT EXISTS by_imei imei TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_orders ADD INDEX IF NOT EXISTS by_card_fingerprint card_fingerprint TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_orders ADD INDEX IF NOT EXISTS by_identity_fingerprint identity_fingerprint TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_orders ADD INDEX IF NOT EXISTS by_device_fingerprint device_fingerprint TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_orders ADD INDEX IF NOT EXISTS by_customer_id customer_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_payments ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_payments ADD INDEX IF NOT EXISTS by_subscriber_id subscriber_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_payments ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_payments ADD INDEX IF NOT EXISTS by_card_fingerprint card_fingerprint TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_payments ADD INDEX IF NOT EXISTS by_device_fingerprint device_fingerprint TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_care ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_care ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_rated ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_rated ADD INDEX IF NOT EXISTS by_subscriber_id subscriber_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_rated ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_billed ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_billed ADD INDEX IF NOT EXISTS by_subscriber_id subscriber_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_billed ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_invoices ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_invoices ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_dunning ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_dunning ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_balances ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_balances ADD INDEX IF NOT EXISTS by_subscriber_id subscriber_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_balances ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_vouchers ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_postings ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_settled ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_batches ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_counts ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_suspense ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_planned_tests ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_planned_tests ADD INDEX IF NOT EXISTS by_calling_number calling_number TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_planned_tests ADD INDEX IF NOT EXISTS by_called_number called_number TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_reference ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_reference ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_reference ADD INDEX IF NOT EXISTS by_imsi imsi TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_reference ADD INDEX IF NOT EXISTS by_imei imei TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_verdicts ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
ALTER TABLE raw_verdicts ADD INDEX IF NOT EXISTS by_subscriber_id subscriber_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_verdicts ADD INDEX IF NOT EXISTS by_account_id account_id TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_verdicts ADD INDEX IF NOT EXISTS by_calling_number calling_number TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_verdicts ADD INDEX IF NOT EXISTS by_called_number called_number TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_verdicts ADD INDEX IF NOT EXISTS by_card_fingerprint card_fingerprint TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE raw_actions ADD INDEX IF NOT EXISTS by_event_time event_time TYPE minmax GRANULARITY 1;
