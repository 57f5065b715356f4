-- Events as they count: copies, contradictions and what was refused are left out, as detectors leave them out.
--
-- Read by : everyone who asks for events, controls first of all; `mark` is empty, late or too_late.
-- Grain   : one event.
-- Order   : none; ask for one.
-- Kept    : as the raw events.
-- Made by `python -m store.tables` from the types; a test holds it to them.

CREATE OR REPLACE VIEW events_usage AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_usage FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'usage' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_signalling AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_signalling FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'signalling' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_outcomes AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_outcomes FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'outcomes' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_device_sightings AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_device_sightings FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'device_sightings' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_provisioned AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_provisioned FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'provisioned' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_orders AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_orders FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'orders' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_payments AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_payments FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'payments' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_care AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_care FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'care' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_rated AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_rated FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'rated' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_billed AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_billed FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'billed' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_invoices AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_invoices FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'invoices' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_dunning AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_dunning FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'dunning' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_balances AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_balances FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'balances' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_vouchers AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_vouchers FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'vouchers' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_postings AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_postings FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'postings' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_settled AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_settled FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'settled' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_batches AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_batches FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'batches' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_counts AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_counts FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'counts' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_suspense AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_suspense FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'suspense' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_planned_tests AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_planned_tests FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'planned_tests' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_reference AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_reference FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'reference' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_verdicts AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_verdicts FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'verdicts' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;

CREATE OR REPLACE VIEW events_actions AS
SELECT r.*, m.came AS mark FROM (SELECT * FROM raw_actions FINAL) AS r
LEFT JOIN (SELECT _partition, _offset, max(mark IN ('refused', 'duplicate', 'conflict')) AS dropped,
maxIf(mark, mark IN ('late', 'too_late')) AS came FROM event_mark FINAL WHERE stream = 'actions' GROUP BY _partition, _offset) AS m
USING (_partition, _offset)
WHERE NOT m.dropped;
