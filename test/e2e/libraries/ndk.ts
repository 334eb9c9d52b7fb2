import NDK, { NDKEvent, NDKPrivateKeySigner } from "@nostr-dev-kit/ndk";
import { secureWebSocket } from "npubwire/client";

const relay = process.env["RELAY"] ?? ""; // ws://relay.example:7777
const npub = process.env["NPUB"] ?? ""; // the relay's npub1…
Object.assign(globalThis, { WebSocket: secureWebSocket({ relays: { [relay]: npub } }) });

const signer = NDKPrivateKeySigner.generate();
const ndk = new NDK({ explicitRelayUrls: [relay], signer, enableOutboxModel: false });
const publish = async (content: string) => {
  await new NDKEvent(ndk, { kind: 1, content }).publish();
};

await ndk.connect();
await publish("stored");
let published = Promise.resolve();
ndk.subscribe(
  { kinds: [1], authors: [signer.pubkey] },
  {
    async onEvent({ content }) {
      console.log(content);
      if (content !== "live") return;
      await published;
      for (const connected of ndk.pool.relays.values()) connected.disconnect();
    },
    onEose() {
      published = publish("live");
    },
  },
);
