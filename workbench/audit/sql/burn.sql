-- Failures in the hours before $now, for each window that a burn rate is judged on; refusals are not the integration's.
SELECT
  hours,
  count(events.id) FILTER (state <> 'refused') AS events,
  count(events.id) FILTER (state = 'failed') AS failed
FROM (SELECT unnest([1, 6, 24, 72, 720]) AS hours) AS windows
LEFT JOIN events ON events.recorded > $now::TIMESTAMP - to_hours(hours) AND events.recorded <= $now::TIMESTAMP
GROUP BY hours
ORDER BY hours
