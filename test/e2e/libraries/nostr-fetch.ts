import { NostrFetcher } from "nostr-fetch";
import { secureWebSocket } from "npubwire/client";

const relay = process.env["RELAY"] ?? ""; // nostr+ws://npub1…@relay.example:7777
const fetcher = NostrFetcher.init({
  webSocketConstructor: secureWebSocket(),
});
for (const { content } of await fetcher.fetchLatestEvents([relay], { kinds: [30023] }, 10)) {
  console.log(content);
}
fetcher.shutdown();
