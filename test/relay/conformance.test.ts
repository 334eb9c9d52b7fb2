import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Author } from "./conformance/session.ts";
import { conformance } from "./conformance.ts";
import { createTestRelay, OWN_URL } from "./setup.ts";

const identity = (author: Author | undefined) => (author ? { pubkeys: [author.pubkey] } : {});

const inMemory = createTestRelay();
conformance(
  "in-memory channels, memory store",
  async (author) => inMemory.connect(identity(author)),
  OWN_URL,
);

const onSqlite = createTestRelay({ store: await openSqliteStore(":memory:") });
conformance(
  "in-memory channels, SQLite",
  async (author) => onSqlite.connect(identity(author)),
  OWN_URL,
);
