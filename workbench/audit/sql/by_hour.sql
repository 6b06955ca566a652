-- Event type × hour of the day (UTC): when what comes, and when it fails.
SELECT
  coalesce(event_type, bot_name, bot) AS event_type,
  hour(recorded)::SMALLINT AS hour,
  count(*) AS events,
  count(*) FILTER (state <> 'ok') AS not_ok
FROM audit
WHERE coalesce(event_type, bot_name, bot) IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2
