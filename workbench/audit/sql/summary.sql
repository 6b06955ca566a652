-- One row: what happened in all. A run is counted once however many events it handled; states count events.
SELECT
  count(*) FILTER (first_of_run) AS runs,
  count(*) AS events,
  count(*) FILTER (state = 'ok') AS ok,
  count(*) FILTER (state = 'failed') AS failed,
  count(*) FILTER (state = 'refused') AS refused,
  count(*) FILTER (problem = 'unreadable-result') AS unreadable,
  count(DISTINCT bot) AS bots,
  count(DISTINCT event_type) AS event_types,
  coalesce(sum(writes), 0)::BIGINT AS writes,
  min(recorded) AS first,
  max(recorded) AS last,
  quantile_cont(duration_ms, 0.50) FILTER (state = 'ok' AND first_of_run) AS ok_p50_ms,
  quantile_cont(duration_ms, 0.95) FILTER (state = 'ok' AND first_of_run) AS ok_p95_ms,
  quantile_cont(duration_ms, 0.99) FILTER (state = 'ok' AND first_of_run) AS ok_p99_ms,
  quantile_cont(duration_ms, 0.50) FILTER (state <> 'ok' AND first_of_run) AS not_ok_p50_ms,
  quantile_cont(duration_ms, 0.95) FILTER (state <> 'ok' AND first_of_run) AS not_ok_p95_ms,
  -- from the event at the provider to the end of the run that wrote it
  quantile_cont(date_diff('millisecond', event_time, recorded), 0.50) FILTER (state = 'ok') AS event_to_resource_p50_ms,
  quantile_cont(date_diff('millisecond', event_time, recorded), 0.95) FILTER (state = 'ok') AS event_to_resource_p95_ms
FROM events
