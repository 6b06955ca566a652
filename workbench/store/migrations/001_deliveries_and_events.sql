-- A delivery is kept as it came; its events are an index over it. Times are microseconds since 1970, UTC.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY,
    digest      BLOB    NOT NULL UNIQUE,     -- of method, headers and body: the same bytes again are the same delivery
    provider    TEXT,
    verdict     TEXT    NOT NULL,
    reason      TEXT,
    message     TEXT,                        -- why it is not verified, in words
    received_at INTEGER NOT NULL,
    method      TEXT    NOT NULL,
    url         TEXT,
    headers     TEXT    NOT NULL,            -- a JSON object, names in lower case
    body        BLOB    NOT NULL,
    source      TEXT,                        -- the file it was imported from; null when it was captured
    received    INTEGER NOT NULL DEFAULT 1   -- how often these bytes came
) STRICT;

CREATE TABLE events (
    id          INTEGER PRIMARY KEY,
    delivery    INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    dedupe_key  TEXT    NOT NULL,
    provider    TEXT    NOT NULL,
    event_id    TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    occurred_at INTEGER NOT NULL,            -- by the provider's clock, or when received
    verdict     TEXT    NOT NULL,            -- its delivery's, so that one index answers a list
    payload     TEXT                         -- null where the delivery's whole body is the event
) STRICT;

-- A refused delivery may claim the id of a real event, and must not keep it out.
CREATE UNIQUE INDEX events_once ON events (dedupe_key) WHERE verdict <> 'refused';
CREATE INDEX events_by_time ON events (occurred_at, type, provider, verdict);
CREATE INDEX events_by_type ON events (type, occurred_at, provider, verdict);
CREATE INDEX events_by_id ON events (event_id);
CREATE INDEX events_by_delivery ON events (delivery);
CREATE INDEX deliveries_by_time ON deliveries (received_at);
