-- What administrators have decided (NIP-86), one row a decision: whom and what the relay bans or allows,
-- which addresses it blocks, what it calls itself. Events know nothing of it.
CREATE TABLE ruling (
  list    TEXT NOT NULL,
  subject TEXT NOT NULL,  -- a key, an id, a kind, an address: as text, in its one spelling
  note    TEXT NOT NULL,  -- the reason that was given, or the new text; mostly empty
  PRIMARY KEY (list, subject)
) STRICT, WITHOUT ROWID;
