import { RelayPool } from "applesauce-relay";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { secureWebSocket } from "npubwire/client";

const relay = process.env["RELAY"] ?? ""; // nostr+ws://npub1…@relay.example:7777
const key = generateSecretKey();
const pool = new RelayPool({
  WebSocket: secureWebSocket(),
});
const publish = async (content: string) => {
  const created_at = Math.floor(Date.now() / 1000);
  await pool.publish([relay], finalizeEvent({ kind: 1, created_at, tags: [], content }, key));
};

await publish("stored");
pool.req([relay], { kinds: [1], authors: [getPublicKey(key)] }).subscribe((message) => {
  if (message.type === "EOSE") void publish("live");
  if (message.type !== "EVENT") return;
  console.log(message.event.content);
  if (message.event.content === "live") pool.relay(relay).close();
});
