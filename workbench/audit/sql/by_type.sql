-- Event type × outcome: how many events, and how long their runs took. A bot that we did not build says no event type.
SELECT
  event_type,
  coalesce(event_outcome, CASE WHEN outcome = '0' THEN 'success' ELSE 'failure' END) AS outcome,
  any_value(state) AS state,
  count(*) AS events,
  quantile_cont(duration_ms, 0.50) AS p50_ms,
  quantile_cont(duration_ms, 0.95) AS p95_ms,
  quantile_cont(duration_ms, 0.99) AS p99_ms,
  coalesce(sum(writes), 0)::BIGINT AS writes,
  max(recorded) AS last
FROM events
GROUP BY 1, 2
ORDER BY event_type NULLS LAST, events DESC, 2
