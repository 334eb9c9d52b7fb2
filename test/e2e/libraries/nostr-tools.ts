import { SimplePool, useWebSocketImplementation } from "nostr-tools/pool";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { secureWebSocket } from "npubwire/client";

useWebSocketImplementation(secureWebSocket()); // before the pool is made

const relay = process.env["RELAY"] ?? ""; // nostr+ws://npub1…@relay.example:7777
const key = generateSecretKey();
const pool = new SimplePool();
const publish = async (content: string) => {
  const created_at = Math.floor(Date.now() / 1000);
  const note = finalizeEvent({ kind: 1, created_at, tags: [], content }, key);
  await Promise.all(pool.publish([relay], note));
};

await publish("stored");
let published = Promise.resolve();
pool.subscribe(
  [relay],
  { kinds: [1], authors: [getPublicKey(key)] },
  {
    onevent({ content }) {
      console.log(content);
      if (content === "live") void published.then(() => pool.destroy());
    },
    oneose() {
      published = publish("live");
    },
  },
);
