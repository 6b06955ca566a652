-- Failures and refusals that read the same once everything but words is masked: one incident each, the largest first.
WITH failures AS (
  SELECT *, coalesce(problem, text, 'no text') AS what FROM events WHERE state <> 'ok'
)
SELECT
  left(md5(concat_ws('|', bot, what)), 8) AS incident,
  what,
  any_value(state) AS state,
  bot,
  last(bot_name ORDER BY recorded) AS bot_name,
  count(*) AS events,
  count(*) / (SELECT count(*) FROM failures) AS share,
  min(recorded) AS first,
  max(recorded) AS last,
  coalesce(list_sort(list(DISTINCT event_type) FILTER (event_type IS NOT NULL)), []) AS event_types,
  coalesce(list_sort(list(DISTINCT concat(mapping, '@', version)) FILTER (mapping IS NOT NULL)), []) AS mappings,
  -- the newest hundred: enough to replay by hand
  coalesce((list(event_id ORDER BY recorded DESC) FILTER (event_id IS NOT NULL))[1:100], []) AS event_ids,
  last(trace_id ORDER BY recorded) AS trace_id
FROM failures
GROUP BY bot, what
ORDER BY events DESC, last DESC
