import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type EventTemplate, signEvent, type VerifiedEvent } from "../../src/nostr/event.ts";
import { encodeNpub, generateSecretKey, publicKeyOf } from "../../src/nostr/key.ts";
import {
  authTemplate,
  type ChannelBinding,
  checkAuthEvent,
  isSignedTemplate,
} from "../../src/transport/auth-event.ts";
import { nodeCrypto } from "./sessions.ts";

const NOW = 1_770_000_000;
const client = generateSecretKey(nodeCrypto);
const relay = publicKeyOf(generateSecretKey(nodeCrypto), nodeCrypto);
const binding: ChannelBinding = { relay, handshakeHash: nodeCrypto.randomBytes(32) };
const template = authTemplate(binding, `nostr+ws://${encodeNpub(relay)}@relay.example`, NOW);

describe("auth event", () => {
  it("proves the key that signed it", () => {
    assert.deepEqual(checkAuthEvent(signed(), binding, NOW), {
      ok: true,
      value: publicKeyOf(client, nodeCrypto),
    });
  });

  it("has four tags and an empty content", () => {
    assert.equal(template.content, "");
    assert.deepEqual(
      template.tags.map(([name]) => name),
      ["relay", "challenge", "p", "transport"],
    );
  });

  it("may be 600 seconds off, either way", () => {
    for (const [difference, ok] of [
      [600, true],
      [-600, true],
      [601, false],
      [-601, false],
    ] as const) {
      assert.equal(checkAuthEvent(signed(), binding, NOW + difference).ok, ok);
    }
  });

  it("may have other tags, and any address of this relay", () => {
    const tags = [...template.tags, ["client", "x"], ["p2"], [], ["P", "x"]];
    assert.equal(checkAuthEvent(signed({ tags }), binding, NOW).ok, true);
    for (const address of ["nostr+wss://NPUB@other.example:1/x", "nostr+ws://NPUB@"]) {
      const named = authTemplate(binding, address.replace("NPUB", encodeNpub(relay)), NOW);
      assert.equal(checkAuthEvent(signed(named), binding, NOW).ok, true);
    }
  });

  it("is refused with an address that only resembles this relay's", () => {
    const npub = encodeNpub(relay);
    for (const address of [
      `NOSTR+WS://${npub}@relay.example`,
      `nostr+ws://${npub.toUpperCase()}@relay.example`,
      ` nostr+ws://${npub}@relay.example`,
      `nostr+ws://${npub}:@relay.example`,
      `nostr+ws://relay.example/${npub}@`,
      `nostr+ws://x${npub}@relay.example`,
    ]) {
      assert.equal(
        checkAuthEvent(signed(authTemplate(binding, address, NOW)), binding, NOW).ok,
        false,
      );
    }
  });
});

describe("a signer's event", () => {
  it("is what was asked for, with tags of its own at most", () => {
    assert.equal(isSignedTemplate(signed(), template), true);
    const tags = [["client", "x"], ...template.tags];
    assert.equal(isSignedTemplate(signed({ tags }), template), true);
  });

  it("is refused where anything else differs", () => {
    const changes: readonly Partial<EventTemplate>[] = [
      { kind: 1 },
      { created_at: NOW + 1 },
      { content: "x" },
      { tags: template.tags.slice(1) },
      { tags: [...template.tags, ["relay", "x"]] },
      { tags: template.tags.map((tag) => [...tag, "x"]) },
      { tags: template.tags.map(([name = ""]) => [name, "x"]) },
    ];
    for (const change of changes) {
      assert.equal(isSignedTemplate(signed(change), template), false, JSON.stringify(change));
    }
  });
});

function signed(change: Partial<EventTemplate> = {}): VerifiedEvent {
  return signEvent({ ...template, ...change }, client, nodeCrypto);
}
