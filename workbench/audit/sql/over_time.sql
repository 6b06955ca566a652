-- One row for each step of $step seconds in which anything happened.
SELECT
  time_bucket(to_seconds($step), recorded) AS start,
  count(*) AS events,
  count(*) FILTER (state = 'ok') AS ok,
  count(*) FILTER (state = 'failed') AS failed,
  count(*) FILTER (state = 'refused') AS refused,
  quantile_cont(duration_ms, 0.50) FILTER (state = 'ok') AS ok_p50_ms,
  quantile_cont(duration_ms, 0.95) FILTER (state = 'ok') AS ok_p95_ms,
  quantile_cont(duration_ms, 0.99) FILTER (state = 'ok') AS ok_p99_ms
FROM events
GROUP BY 1
ORDER BY 1
