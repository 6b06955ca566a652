-- Event type (or what stands for it) × hour of the day (UTC): when what comes, and when it fails.
SELECT
  coalesce(event_type, CASE state WHEN 'refused' THEN '(refused)' ELSE coalesce(bot_name, bot) END) AS event_type,
  hour(recorded)::SMALLINT AS hour,
  count(*) AS events,
  count(*) FILTER (state <> 'ok') AS not_ok
FROM events
GROUP BY 1, 2
ORDER BY 1, 2
