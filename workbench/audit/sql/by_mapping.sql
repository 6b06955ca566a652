-- One row for each version of a mapping: a new version that fails more, or is slower, stands beside the old one.
SELECT
  mapping,
  version,
  count(*) AS events,
  count(*) FILTER (state = 'failed') AS failed,
  count(*) FILTER (state = 'ok') / count(*) AS ok_share,
  quantile_cont(duration_ms, 0.50) FILTER (state = 'ok') AS ok_p50_ms,
  quantile_cont(duration_ms, 0.95) FILTER (state = 'ok') AS ok_p95_ms,
  min(recorded) AS first,
  max(recorded) AS last
FROM audit
WHERE mapping IS NOT NULL
GROUP BY mapping, version
ORDER BY mapping, version
