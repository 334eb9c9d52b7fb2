import { openSqliteStore } from "../../src/store/sqlite.ts";
import { conformance } from "./conformance.ts";
import { createTestRelay } from "./setup.ts";

const inMemory = createTestRelay();
conformance("in-memory channels, memory store", async () => inMemory.connect());

const onSqlite = createTestRelay({ store: await openSqliteStore(":memory:") });
conformance("in-memory channels, SQLite", async () => onSqlite.connect());
