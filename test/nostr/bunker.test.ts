import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeBunker, parseBunker } from "../../src/nostr/bunker.ts";

const KEY = "fa984bd7dbb282f07e16e7ae87b26a2a7b9b90b7246a44771f0cf5ae58018f52";
const SECURE =
  "nostr+ws://npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6@127.0.0.1:7";

describe("bunker addresses", () => {
  it("name a key, relays and perhaps a secret", () => {
    assert.deepEqual(
      parseBunker(
        ` bunker://${KEY}?relay=wss%3A%2F%2Fa.example&relay=ws://b.example:1/x&secret=s%26s`,
      ),
      {
        ok: true,
        value: { signer: KEY, relays: ["wss://a.example", "ws://b.example:1/x"], secret: "s&s" },
      },
    );
    const { value } = parsed(`bunker://${KEY.toUpperCase()}/?relay=wss://a&relay=wss://a`);
    assert.deepEqual(value, { signer: KEY, relays: ["wss://a"], secret: undefined });
  });

  it("may name encrypted relays, even where the + was not written as %2B", () => {
    for (const url of [SECURE, encodeURIComponent(SECURE)]) {
      assert.deepEqual(parsed(`bunker://${KEY}?relay=${url}`).value.relays, [SECURE]);
    }
  });

  it("are written without the secret, and read back", () => {
    const { value } = parsed(`bunker://${KEY}?relay=${SECURE}&relay=wss://a/?x=1%26y&secret=s`);
    const text = encodeBunker(value);
    assert.doesNotMatch(text, /secret/);
    assert.deepEqual(parsed(text).value, { ...value, secret: undefined });
  });

  it("are refused when they lead nowhere", () => {
    const relays = Array.from({ length: 9 }, (_, index) => `relay=wss://${index}.example`).join(
      "&",
    );
    for (const [text, reason] of [
      ["", /expected bunker/],
      [`bunker://${KEY}`, /expected bunker/],
      [`bunker://${KEY.slice(1)}?relay=wss://a`, /expected bunker/],
      [`nostrconnect://${KEY}?relay=wss://a`, /expected bunker/],
      [`bunker://${KEY}?secret=s`, /names no relay/],
      [`bunker://${KEY}?relay=https://a`, /no ws:/],
      [`bunker://${KEY}?relay=`, /no ws:/],
      [`bunker://${KEY}?${relays}`, /too many relays/],
    ] as const) {
      const bunker = parseBunker(text);
      assert.match(bunker.ok ? "" : bunker.reason, reason, text);
    }
  });
});

function parsed(text: string) {
  const bunker = parseBunker(text);
  assert.ok(bunker.ok);
  return bunker;
}
