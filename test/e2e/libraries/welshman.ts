import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { secureWebSocket } from "npubwire/client";

const relay = process.env["RELAY"] ?? ""; // ws://relay.example:7777
const relays = { [relay]: process.env["NPUB"] ?? "" }; // the npub1… of each
Object.assign(globalThis, { WebSocket: secureWebSocket({ relays }) });
const { Pool, publishOne, request } = await import("@welshman/net");

const key = generateSecretKey();
const publish = async (content: string) => {
  const created_at = Math.floor(Date.now() / 1000);
  const event = finalizeEvent({ kind: 1, created_at, tags: [], content }, key);
  await publishOne({ relay, event });
};

await publish("stored");
request({
  relays: [relay],
  filters: [{ kinds: [1], authors: [getPublicKey(key)] }],
  onEvent({ content }) {
    console.log(content);
    if (content === "live") Pool.get().clear();
  },
  onEose: () => void publish("live"),
});
