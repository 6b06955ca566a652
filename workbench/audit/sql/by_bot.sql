-- One row for each bot: how it does, and when it was last heard of.
SELECT
  bot,
  last(bot_name ORDER BY recorded) AS name,
  count(*) FILTER (first_of_run) AS runs,
  count(*) FILTER (state = 'failed') AS failed,
  count(*) FILTER (state = 'refused') AS refused,
  count(*) FILTER (state = 'ok') / count(*) AS ok_share,
  quantile_cont(duration_ms, 0.50) FILTER (state = 'ok') AS ok_p50_ms,
  quantile_cont(duration_ms, 0.95) FILTER (state = 'ok') AS ok_p95_ms,
  max(recorded) AS last,
  date_diff('second', max(recorded), $now::TIMESTAMP) AS silent_seconds
FROM events
GROUP BY bot
ORDER BY runs DESC, bot
