// Two relays with keys of their own on one port: one for everybody's notes, one that keeps nothing.
import { createServer } from "node:http";
import { attach, createRelay, MemoryStore, openSqliteStore, parseConfig } from "npubwire";
import { accept, type Policy, reject } from "npubwire/policy";

const onlyNotes: Policy = {
  write: ({ kind }) => (kind === 1 ? accept : reject("blocked", "only notes (kind 1) here")),
};

const notes = await createRelay({
  config: parseConfig({ data: "./notes", auth: "optional", information: { name: "Notes" } }),
  store: await openSqliteStore("./notes.sqlite"),
  policy: onlyNotes,
});
const forgetful = await createRelay({
  config: parseConfig({ limits: { maxContentLength: 280 } }),
  key: process.env["RELAY_NSEC"] ?? crypto.getRandomValues(new Uint8Array(32)),
  store: new MemoryStore(),
});

const server = createServer();
attach(server, notes, { path: "/notes" });
attach(server, forgetful, { path: "/forgetful" });
server.listen(Number(process.env["PORT"] ?? 8080), () => {
  console.log(notes.address);
  console.log(forgetful.address);
});
