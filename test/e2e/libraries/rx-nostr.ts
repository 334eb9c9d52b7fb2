import { finalizeEvent, generateSecretKey, getPublicKey, verifyEvent } from "nostr-tools/pure";
import { secureWebSocket } from "npubwire/client";
import { createRxForwardReq, createRxNostr, noopSigner } from "rx-nostr";

const relay = process.env["RELAY"] ?? ""; // nostr+ws://npub1…@relay.example:7777
const key = generateSecretKey();
const rxNostr = createRxNostr({
  signer: noopSigner(), // notes are signed below
  verifier: async (event) => verifyEvent(event),
  websocketCtor: secureWebSocket(),
});
const publish = (content: string) => {
  const created_at = Math.floor(Date.now() / 1000);
  return rxNostr.send(finalizeEvent({ kind: 1, created_at, tags: [], content }, key));
};

const request = createRxForwardReq();
rxNostr.setDefaultRelays([relay]);
rxNostr.use(request).subscribe(({ event }) => {
  console.log(event.content);
  if (event.content === "live") rxNostr.dispose();
});
rxNostr.createAllMessageObservable().subscribe(({ type }) => {
  if (type === "EOSE") publish("live");
});
publish("stored").subscribe({
  complete: () => request.emit({ kinds: [1], authors: [getPublicKey(key)] }),
});
