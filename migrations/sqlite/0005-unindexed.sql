-- Events whose words are not in the full-text index yet. They are indexed when there is time, many at
-- once; a search looks at these events too.
CREATE TABLE unindexed (seq INTEGER PRIMARY KEY) STRICT;

DROP TRIGGER event_search;

-- However an event goes, its words go with it.
CREATE TRIGGER event_search AFTER DELETE ON event BEGIN
  DELETE FROM search WHERE rowid = OLD.seq;
  DELETE FROM unindexed WHERE seq = OLD.seq;
END;
