-- Which events hold which words (NIP-50): the words that src/nostr/words.ts finds, each once, with a
-- space between them, which is where the ascii tokenizer cuts. The table holds no text (content='')
-- and no positions; it offers candidates, newest first, and the program decides. Words of three
-- letters and more are also asked for as beginnings; the shortest of these are the most frequent, and
-- have a list of their own (prefix).

CREATE VIRTUAL TABLE search USING fts5(
  words,
  content = '', contentless_delete = 1, detail = none, prefix = '3', tokenize = 'ascii'
);

-- However an event goes, its words go with it.
CREATE TRIGGER event_search AFTER DELETE ON event BEGIN
  DELETE FROM search WHERE rowid = OLD.seq;
END;

-- One row when every event is in the table: the version of the words in it.
CREATE TABLE search_state (version INTEGER NOT NULL) STRICT;
