-- Where a pull of past events from a provider's API stands, so that it goes on where it was broken off.
CREATE TABLE pulls (
    name   TEXT PRIMARY KEY,
    cursor TEXT NOT NULL
) STRICT;
