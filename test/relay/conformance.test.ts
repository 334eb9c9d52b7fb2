import { type Information, information } from "../../src/relay/information.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { Author, CONFORMANCE_LIMITS } from "./conformance/session.ts";
import { conformance } from "./conformance.ts";
import { createTestRelay, OWN_URL } from "./setup.ts";

const identity = (author: Author | undefined) => (author ? { pubkeys: [author.pubkey] } : {});

/** What a relay that is set up as these are would announce. */
async function inform(): Promise<Information> {
  return information({
    settings: { name: "", description: "" },
    self: new Author().pubkey,
    limits: CONFORMANCE_LIMITS,
    auth: "optional",
    search: true,
    restrictsWrites: false,
    takesRelayLists: true,
    hasMembers: false,
    isManaged: false,
    version: "",
  });
}

const inMemory = createTestRelay();
conformance(
  "in-memory channels, memory store",
  async (author) => inMemory.connect(identity(author)),
  OWN_URL,
  inform,
);

const onSqlite = createTestRelay({ store: await openSqliteStore(":memory:") });
conformance(
  "in-memory channels, SQLite",
  async (author) => onSqlite.connect(identity(author)),
  OWN_URL,
  inform,
);
