/** Clients of a sidecar, and what it has warned of. */

import assert from "node:assert/strict";
import type { test } from "node:test";
import { type DialOptions, dialSecure } from "../../src/channel/dial.ts";
import { throwawaySigner } from "../../src/channel/signer.ts";
import type { Link } from "../../src/channel.ts";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import { systemClock } from "../../src/clock.ts";
import { parseAddress } from "../../src/nostr/address.ts";
import { encodeNpub, publicKeyOf, type SecretKey } from "../../src/nostr/key.ts";
import { connect } from "../../src/server/dial.ts";
import { type BareClient, bareClient } from "./client.ts";
import { crypto, newKey } from "./events.ts";
import { type TestRelay, testRelay } from "./setup.ts";

export function plainRelay(t: test.TestContext): Promise<TestRelay> {
  // Whoever comes with X-Forwarded-For is a stranger, not a program on this machine.
  return testRelay(t, { config: { plaintext: "allow", auth: "optional" } });
}

export function dialled(sidecar: TestRelay, options: Partial<DialOptions> = {}): Promise<Link> {
  const address = parseAddress(sidecar.address);
  assert.ok(address.ok);
  return dialSecure(address.value, {
    ...{ crypto, clock: systemClock, connect, maxMessage: 2 ** 20, timeout: 10_000 },
    signer: throwawaySigner(crypto),
    ...options,
  });
}

export function connected(sidecar: TestRelay, key: SecretKey = newKey()): Promise<BareClient> {
  return bareClient(sidecar.address, secureWebSocket({ signer: secretKeySigner(key) }));
}

export async function roundTrip(client: BareClient): Promise<void> {
  client.send('["REQ","s",{}]');
  assert.deepEqual(await client.next(), ["EOSE", "s"]);
}

export function npub(key: SecretKey): string {
  return encodeNpub(publicKeyOf(key, crypto));
}

/** Of everything that the sidecar has warned of. */
export function reasons({ log }: TestRelay): readonly unknown[] {
  return log.filter(({ level }) => level === "warn").map(({ fields }) => fields?.["reason"]);
}
