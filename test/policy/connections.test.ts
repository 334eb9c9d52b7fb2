import assert from "node:assert/strict";
import { test } from "node:test";
import type { Peer } from "../../src/channel.ts";
import type { PublicKey } from "../../src/nostr/key.ts";
import { connectionsPolicy } from "../../src/policy/connections.ts";
import type { Verdict } from "../../src/policy.ts";
import { key } from "../nostr/arbitrary.ts";

const [alice, bob] = [key(1), key(2)];
const peerWith = (...pubkeys: PublicKey[]): Peer => ({
  address: "192.0.2.1",
  pubkeys: new Set(pubkeys),
});

test("a key may show itself on so many connections, and be asked about again on each", () => {
  const [first, second] = [peerWith(alice), peerWith(bob, alice)];
  const policy = connectionsPolicy(2, () => [first, second, peerWith(bob), peerWith()]);
  const admits = (pubkey: PublicKey | undefined, peer: Peer): boolean => {
    const verdict = policy.admit?.(pubkey, peer) as Verdict;
    if (!verdict.accepted) assert.equal(verdict.prefix, "rate-limited");
    return verdict.accepted;
  };
  for (const peer of [first, second]) assert.equal(admits(alice, peer), true);
  for (const newcomer of [peerWith(alice), peerWith()]) {
    assert.equal(admits(alice, newcomer), false);
    assert.equal(admits(bob, newcomer), false);
    assert.equal(admits(key(3), newcomer), true);
    assert.equal(admits(undefined, newcomer), true);
  }
  assert.deepEqual(
    connectionsPolicy(0, () => [first, second]),
    {},
  );
});
