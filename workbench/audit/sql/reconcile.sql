-- Events sent ↔ bot runs audited ↔ resources on the server: one row for each event, with what became of it.
--
-- sent(provider, event_id, event_type, sent_at); audit: audit rows; resources(ref): what is on the server, where $resources.
WITH runs AS (
  SELECT
    provider,
    event_id,
    any_value(event_type) AS event_type,
    count(DISTINCT id) AS runs,
    count(DISTINCT id) FILTER (action = 'applied') AS applied,
    count(*) FILTER (state = 'ok') AS settled,
    min(recorded) FILTER (state = 'ok') AS settled_at,
    list_distinct(flatten(list(string_split(refs, ' ')) FILTER (refs <> '' AND state = 'ok'))) AS refs
  FROM audit
  WHERE event_id IS NOT NULL
  GROUP BY provider, event_id
),
asked AS (
  SELECT provider, event_id, any_value(event_type) AS event_type, count(*) AS deliveries, min(sent_at) AS sent_at
  FROM sent
  GROUP BY provider, event_id
),
written AS (
  SELECT runs.provider, runs.event_id, count(*) FILTER (resources.ref IS NULL) AS gone
  FROM runs, unnest(runs.refs) AS written(ref)
  LEFT JOIN resources ON resources.ref = written.ref
  GROUP BY runs.provider, runs.event_id
)
SELECT
  coalesce(asked.provider, runs.provider) AS provider,
  coalesce(asked.event_id, runs.event_id) AS event_id,
  coalesce(asked.event_type, runs.event_type) AS event_type,
  CASE
    WHEN asked.event_id IS NULL THEN 'orphan'
    WHEN runs.event_id IS NULL THEN 'missing'
    WHEN runs.settled = 0 THEN 'failed'
    WHEN $resources AND coalesce(written.gone, 0) > 0 THEN 'lost'
    WHEN runs.applied > 1 THEN 'duplicate'
    WHEN date_diff('second', asked.sent_at, runs.settled_at) > $late_seconds THEN 'late'
    ELSE 'ok'
  END AS verdict,
  coalesce(asked.deliveries, 0) AS deliveries,
  coalesce(runs.runs, 0) AS runs,
  coalesce(runs.applied, 0) AS applied,
  coalesce(written.gone, 0) AS gone,
  asked.sent_at,
  runs.settled_at
FROM asked
FULL JOIN runs ON runs.provider IS NOT DISTINCT FROM asked.provider AND runs.event_id = asked.event_id
LEFT JOIN written ON written.provider IS NOT DISTINCT FROM runs.provider AND written.event_id = runs.event_id
ORDER BY provider, event_id
