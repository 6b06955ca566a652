-- One row for each version of a mapping, by its own outcomes: a new version that fails more, or is slower, stands beside the old one.
SELECT
  mapping,
  version,
  count(*) AS events,
  count(*) FILTER (action = 'failed') AS failed,
  count(*) FILTER (action NOT IN ('failed', 'refused')) / count(*) AS ok_share,
  quantile_cont(duration_ms, 0.50) FILTER (action <> 'failed') AS ok_p50_ms,
  quantile_cont(duration_ms, 0.95) FILTER (action <> 'failed') AS ok_p95_ms,
  -- from the event at the provider to the end of the run that wrote it
  quantile_cont(date_diff('millisecond', event_time, recorded), 0.50) FILTER (action NOT IN ('failed', 'refused'))
    AS event_to_resource_p50_ms,
  quantile_cont(date_diff('millisecond', event_time, recorded), 0.95) FILTER (action NOT IN ('failed', 'refused'))
    AS event_to_resource_p95_ms,
  min(recorded) AS first,
  max(recorded) AS last
FROM audit
WHERE mapping IS NOT NULL
GROUP BY mapping, version
ORDER BY mapping, version
