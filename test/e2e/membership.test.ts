/** A members-only relay over real sockets, with nostr-tools: invite, join, publish, leave. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { NostrEvent } from "nostr-tools/core";
import type { Filter } from "nostr-tools/filter";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { secretKeySigner, secureWebSocket } from "../../src/client.ts";
import { encodeNpub, publicKeyOf, type SecretKey } from "../../src/nostr/key.ts";
import { crypto, forTools, newKey, note } from "./events.ts";
import { patient } from "./patience.ts";
import { testRelay } from "./setup.ts";

const MINUS = [["-"]];

/** Asks and closes: what is stored or made; rejects with the reason of CLOSED. */
function ask(client: Relay, filter: Filter): Promise<readonly NostrEvent[]> {
  return new Promise((resolve, reject) => {
    const events: NostrEvent[] = [];
    const subscription = client.subscribe([filter], {
      onevent: (event) => events.push(event),
      oneose() {
        resolve(events);
        subscription.close();
      },
      onclose: (reason) => reject(new Error(reason)),
    });
  });
}

test("by invitation: join, publish, invite on, leave, and a restart in between", async (t) => {
  const [owner, guest] = [newKey(), newKey()];
  const config = {
    access: { connect: { allow: ["members"] } },
    membership: {
      enabled: true,
      members: [encodeNpub(publicKeyOf(owner, crypto))],
      inviters: ["members"],
    },
  };
  const connect = async (address: string, key: SecretKey): Promise<Relay> => {
    useWebSocketImplementation(secureWebSocket({ signer: secretKeySigner(key) }));
    const client = patient(await Relay.connect(address));
    t.after(() => client.close());
    return client;
  };
  const first = await testRelay(t, { config });
  const self = publicKeyOf(guest, crypto);
  const host = await connect(first.address, owner);
  const stranger = await connect(first.address, guest);

  await assert.rejects(ask(stranger, {}), /^Error: restricted: /);
  await assert.rejects(stranger.publish(forTools(note({}, guest))), /^Error: restricted: /);

  const [invite] = await ask(host, { kinds: [28_935] });
  const claim = invite?.tags.find(([name]) => name === "claim");
  assert(claim);
  const request = note({ kind: 28_934, tags: [...MINUS, claim] }, guest);
  assert.equal(await stranger.publish(forTools(request)), "info: welcome to this relay");
  assert.equal(await stranger.publish(forTools(note({ content: "hello" }, guest))), "");
  const [list] = await ask(stranger, { kinds: [13_534] });
  assert.equal(list?.pubkey, invite?.pubkey);
  assert(list?.tags.some(([name, key]) => name === "member" && key === self));
  await first.close();

  const second = await testRelay(t, { data: first.data, config });
  const member = await connect(second.address, guest);
  assert.deepEqual(
    (await ask(member, { kinds: [1] })).map(({ content }) => content),
    ["hello"],
  );
  const closed = new Promise<string>((onclose) => {
    member.subscribe([{ kinds: [1], limit: 0 }], { onclose });
  });
  const goodbye = note({ kind: 28_936, tags: MINUS }, guest);
  assert.equal(await member.publish(forTools(goodbye)), "info: you have left this relay");
  assert.match(await closed, /^restricted: /);
  await assert.rejects(ask(member, {}), /^Error: restricted: /);
  const again = note({ kind: 28_934, tags: [...MINUS, claim] }, guest);
  await assert.rejects(member.publish(forTools(again)), /that invite code has been used/);
});

test("NIP-11 announces members where there are some", async (t) => {
  const nips = async (config: Readonly<Record<string, unknown>>): Promise<readonly number[]> => {
    const { url } = await testRelay(t, { config });
    const headers = { accept: "application/nostr+json" };
    const response = await fetch(url.replace("ws", "http"), { headers });
    return ((await response.json()) as { supported_nips: number[] }).supported_nips;
  };
  assert.equal((await nips({})).includes(43), false);
  assert.equal((await nips({ membership: { enabled: true } })).includes(43), true);
});
