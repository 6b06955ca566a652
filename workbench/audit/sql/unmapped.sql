-- Event types that came and that no mapping takes: what the provider tells and nobody listens to. The newest first.
SELECT
  provider,
  event_type,
  count(*) AS events,
  min(recorded) AS first,
  max(recorded) AS last
FROM events
WHERE action = 'ignored' AND mapping IS NULL AND event_type IS NOT NULL
GROUP BY provider, event_type
ORDER BY first DESC, provider, event_type
