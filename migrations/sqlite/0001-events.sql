-- Events at rest. Migrations are applied once, in order, and never edited after they have landed.
--
-- seq is the order of answers: (created_at << 30) | (2^30 - 1 - the first 30 bits of id), so that
-- descending seq is newest first with ties lowest id first. Should two ids of one second share their
-- first 30 bits, the later arrival takes the nearest free seq of that second.

CREATE TABLE event (
  seq        INTEGER PRIMARY KEY,
  id         BLOB    NOT NULL,
  pubkey     BLOB    NOT NULL,
  kind       INTEGER NOT NULL,
  expires_at INTEGER,          -- unix seconds (NIP-40); gone from then on, removed some time later
  json       TEXT    NOT NULL
) STRICT;

-- Every index ends in seq (the rowid), so each one yields its rows in the order of answers.
CREATE UNIQUE INDEX event_id ON event (id);
CREATE INDEX event_author ON event (pubkey);
CREATE INDEX event_author_kind ON event (pubkey, kind);
CREATE INDEX event_kind ON event (kind);
CREATE INDEX event_expires_at ON event (expires_at) WHERE expires_at IS NOT NULL;

-- What #x filters see. A value of 64 lower-case hex digits is stored as its 32 bytes, any other as
-- text; SQLite never takes a blob for a text, so the two spellings cannot meet.
CREATE TABLE tag (
  name  TEXT    NOT NULL,
  value ANY     NOT NULL,
  seq   INTEGER NOT NULL,
  PRIMARY KEY (name, value, seq)
) STRICT, WITHOUT ROWID;

-- What may not come back. Ids and addresses that an author has deleted (NIP-09), whether or not the
-- events were here; pubkey is whoever asked for it.
CREATE TABLE deleted_id (
  pubkey BLOB NOT NULL,
  id     BLOB NOT NULL,
  PRIMARY KEY (pubkey, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deleted_address (
  pubkey     BLOB    NOT NULL,
  kind       INTEGER NOT NULL,
  identifier ANY     NOT NULL,
  until      INTEGER NOT NULL,  -- unix seconds: versions up to then
  PRIMARY KEY (pubkey, kind, identifier)
) STRICT, WITHOUT ROWID;

-- Keys that have asked to vanish (NIP-62). is_pending: some of their events may be here still.
CREATE TABLE vanished (
  pubkey     BLOB    NOT NULL PRIMARY KEY,
  until      INTEGER NOT NULL,  -- unix seconds: events up to then
  is_pending INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The current version of each replaceable and addressable event.
CREATE TABLE address (
  pubkey     BLOB    NOT NULL,
  kind       INTEGER NOT NULL,
  identifier ANY     NOT NULL,
  seq        INTEGER NOT NULL,
  PRIMARY KEY (pubkey, kind, identifier)
) STRICT, WITHOUT ROWID;
