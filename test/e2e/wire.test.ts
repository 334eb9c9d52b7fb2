import assert from "node:assert/strict";
import { test } from "node:test";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import { encodeNpub, publicKeyOf } from "../../src/nostr/key.ts";
import { bareClient } from "./client.ts";
import { crypto, newKey, note } from "./events.ts";
import { tap } from "./middleman.ts";
import { testRelay } from "./setup.ts";

/** Three letters would be found in what is random sooner or later. */
const VERBS = ["EVENT", "REQ", "EOSE", "CLOSE", "CLOSED", "NOTICE", "AUTH", "OK"].map(
  (verb) => `["${verb}"`,
);

test("nothing of what is said can be read on the wire, in either direction", async (t) => {
  const relay = await testRelay(t);
  const wire = await tap(t, relay.port);
  const reader = newKey();
  const address = relay.address.replace(`:${relay.port}`, `:${wire.port}`);
  const client = await bareClient(address, secureWebSocket({ signer: secretKeySigner(reader) }));
  const event = note({ content: "a secret for nobody else", tags: [["t", "hushhush"]] });
  client.send(JSON.stringify(["EVENT", event]));
  assert.deepEqual(await client.next(), ["OK", event.id, true, ""]);
  client.send(JSON.stringify(["REQ", "my-subscription", { "#t": ["hushhush"] }]));
  assert.equal(((await client.next()) as unknown[])[1], "my-subscription");
  assert.deepEqual(await client.next(), ["EOSE", "my-subscription", ["finish"]]);
  client.send('["REQ","bad",{"nonsense":1}]');
  client.send("not even JSON");
  assert.equal(((await client.next()) as unknown[])[0], "CLOSED");
  assert.equal(((await client.next()) as unknown[])[0], "NOTICE");
  await client.close();

  const pubkey = publicKeyOf(reader, crypto);
  const secrets = [event.id, event.pubkey, event.sig, pubkey, encodeNpub(pubkey), event.content];
  secrets.push("hushhush", "my-subscription", relay.npub, "22242", "kinds", ...VERBS);
  for (const [direction, chunks] of Object.entries({
    "to the relay": wire.toRelay,
    "to the client": wire.toClient,
  })) {
    const bytes = unmasked(Buffer.concat(chunks));
    assert.ok(bytes[0] && bytes[0].length > 1_000, `too little was recorded ${direction}`);
    for (const secret of secrets) {
      for (const form of formsOf(secret)) {
        for (const view of bytes) {
          assert.equal(view.includes(form), false, `${secret} can be read ${direction}`);
        }
      }
    }
  }
});

test("the recorder would notice: on a plain connection all of it can be read", async (t) => {
  const relay = await testRelay(t, { config: { plaintext: "loopback", auth: "optional" } });
  const wire = await tap(t, relay.port);
  const client = await bareClient(`ws://127.0.0.1:${wire.port}`);
  const event = note({ content: "a secret for nobody else" });
  assert.equal(((await client.next()) as unknown[])[0], "AUTH");
  client.send(JSON.stringify(["EVENT", event]));
  assert.deepEqual(await client.next(), ["OK", event.id, true, ""]);
  await client.close();
  const said = unmasked(Buffer.concat(wire.toRelay));
  assert.ok(said.some((view) => view.includes(event.content)));
  assert.ok(said.some((view) => view.includes('["EVENT"')));
  assert.ok(Buffer.concat(wire.toClient).includes(event.id));
});

/** Text as text, and hex as the bytes it stands for. */
function formsOf(secret: string): readonly (string | Buffer)[] {
  return /^([0-9a-f]{2}){16,}$/.test(secret) ? [secret, Buffer.from(secret, "hex")] : [secret];
}

/**
 * The bytes as they are, and what an onlooker gets who takes the masks off the WebSocket frames
 * (RFC 6455, section 5.3): masking hides nothing, but it would hide plaintext from a naive search.
 */
function unmasked(bytes: Buffer): readonly Buffer[] {
  const payloads: Buffer[] = [];
  let at = bytes.indexOf("\r\n\r\n") + 4;
  while (at + 2 <= bytes.length) {
    const second = bytes.readUInt8(at + 1);
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const length =
      lengthBytes === 2
        ? bytes.readUInt16BE(at + 2)
        : lengthBytes === 8
          ? Number(bytes.readBigUInt64BE(at + 2))
          : short;
    const masked = (second & 0x80) !== 0;
    const start = at + 2 + lengthBytes + (masked ? 4 : 0);
    const mask = masked ? bytes.subarray(start - 4, start) : Buffer.alloc(4);
    const payload = bytes.subarray(start, start + length);
    payloads.push(Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))));
    at = start + length;
  }
  return [bytes, Buffer.concat(payloads)];
}
