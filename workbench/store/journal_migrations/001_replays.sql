-- What was replayed, and what became of each delivery: names, outcomes and causes, never a payload.
CREATE TABLE replays (
    id          INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,           -- microseconds since 1970, UTC
    finished_at INTEGER,                    -- NULL: broken off, to be resumed
    integration TEXT NOT NULL,
    target      TEXT NOT NULL,              -- the server's address, and `bot` or `local`
    request     TEXT NOT NULL               -- JSON: what was asked for, so that a resumed replay asks the same
) STRICT;

CREATE TABLE deliveries (
    replay      INTEGER NOT NULL REFERENCES replays (id) ON DELETE CASCADE,
    key         TEXT NOT NULL,              -- the digest of what was sent, and which repetition of it
    name        TEXT NOT NULL,              -- the file, or the delivery's number in the store
    event_ids   TEXT NOT NULL,              -- JSON list
    event_types TEXT NOT NULL,              -- JSON list
    settled_at  INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    status      INTEGER,
    attempts    INTEGER NOT NULL,
    ms          REAL NOT NULL,
    cause       TEXT,                       -- in words, without values
    results     TEXT NOT NULL,              -- JSON: the bot's result line
    PRIMARY KEY (replay, key)
) STRICT;

CREATE INDEX deliveries_by_key ON deliveries (key, settled_at);
CREATE INDEX deliveries_by_outcome ON deliveries (outcome, settled_at);
