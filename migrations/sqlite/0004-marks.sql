-- By what filters find events: its id, its author, its kind, both of these, and each tag are marks of
-- an event. A mark is a keyed hash of 64 bits (src/store/marks.ts), so that all of them stand in one
-- narrow index, which yields the events with a mark in the order of answers.
--
-- Marks are random, so each new one would dirty a page of its own, and a page costs more than all
-- rows that go into it. They are gathered where there are few pages, and settle many at a time.

CREATE TABLE marked_fresh (
  mark INTEGER NOT NULL,
  seq  INTEGER NOT NULL,
  PRIMARY KEY (mark, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE marked_settled (
  mark INTEGER NOT NULL,
  seq  INTEGER NOT NULL,
  PRIMARY KEY (mark, seq)
) STRICT, WITHOUT ROWID;

CREATE VIEW marked (mark, seq) AS
  SELECT mark, seq FROM marked_fresh UNION ALL SELECT mark, seq FROM marked_settled;

-- One row: the secret of the hash, and whether all events are marked, which the program sees to.
CREATE TABLE mark_state (
  secret      BLOB    NOT NULL,
  is_complete INTEGER NOT NULL
) STRICT;

INSERT INTO mark_state (secret, is_complete) SELECT randomblob(16), NOT EXISTS (SELECT 1 FROM event);

-- Id and author are in the text, and their indexes are marks now.
DROP TABLE tag;
DROP INDEX event_expires_at;
ALTER TABLE event RENAME TO old_event;
DROP TRIGGER event_search;

CREATE TABLE event (
  seq        INTEGER PRIMARY KEY,
  kind       INTEGER NOT NULL,
  expires_at INTEGER,          -- unix seconds (NIP-40); gone from then on, removed some time later
  json       TEXT    NOT NULL
) STRICT;

INSERT INTO event (seq, kind, expires_at, json) SELECT seq, kind, expires_at, json FROM old_event;
DROP TABLE old_event;

-- Who did not get the seq that it asks for: whoever has its own is found there, and need not be looked up.
CREATE TABLE displaced (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE INDEX event_expires_at ON event (expires_at) WHERE expires_at IS NOT NULL;

-- However an event goes, its words go with it.
CREATE TRIGGER event_search AFTER DELETE ON event BEGIN
  DELETE FROM search WHERE rowid = OLD.seq;
END;
