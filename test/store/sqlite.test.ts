import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after } from "node:test";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { storeConformance } from "./conformance.ts";

const folder = mkdtempSync(`${tmpdir()}/npubwire-store-`);
after(() => rmSync(folder, { recursive: true }));

let opened = 0;

storeConformance("SqliteStore", () => openSqliteStore(`${folder}/${opened++}.sqlite`));
