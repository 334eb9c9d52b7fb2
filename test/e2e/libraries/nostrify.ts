import { NPool, NRelay1, NSecSigner } from "@nostrify/nostrify";
import { generateSecretKey } from "nostr-tools/pure";
import { secureWebSocket } from "npubwire/client";

Object.assign(globalThis, { WebSocket: secureWebSocket() }); // before the first NRelay1

const relay = process.env["RELAY"] ?? ""; // nostr+ws://npub1…@relay.example:7777
const signer = new NSecSigner(generateSecretKey());
const pool = new NPool({
  open: (url) => new NRelay1(url),
  reqRouter: (filters) => new Map([[relay, filters]]),
  eventRouter: () => [relay],
});
const publish = async (content: string) => {
  const created_at = Math.floor(Date.now() / 1000);
  await pool.event(await signer.signEvent({ kind: 1, created_at, tags: [], content }));
};

await publish("stored");
for await (const [type, , event] of pool.req([
  { kinds: [1], authors: [await signer.getPublicKey()] },
])) {
  if (type === "EOSE") await publish("live");
  if (type !== "EVENT") continue;
  console.log(event.content);
  if (event.content === "live") break;
}
await pool.close();
