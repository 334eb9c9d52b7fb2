/** The gateway as people run it: commands in processes of their own, and an app of nostr-tools. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket } from "ws";
import { encodeNpub, publicKeyOf } from "../../src/nostr/key.ts";
import { testBunker } from "./bunker.ts";
import { crypto, forTools, newKey, note } from "./events.ts";
import { patient } from "./patience.ts";
import { gatewayProcess, npubwire } from "./process.ts";
import { testFolder, testRelay } from "./setup.ts";

useWebSocketImplementation(WebSocket);

test("add, sign, run, paste, stop", async (t) => {
  const home = testFolder(t);
  const user = newKey();
  const npub = encodeNpub(publicKeyOf(user, crypto));
  const relay = await testRelay(t, { config: { access: { connect: { allow: [npub] } } } });
  const meeting = await testRelay(t, { config: { plaintext: "loopback", auth: "optional" } });
  const bunker = await testBunker(t, meeting.url, user);

  const added = await npubwire(["gateway", "add", relay.address, "--name", "home"], "", home);
  assert.equal(added.code, 0, added.err);
  const { pathname } = new URL(added.out.trim());
  const signed = await npubwire(["gateway", "sign", bunker.url], "", home);
  assert.equal(signed.code, 0, signed.err);
  assert.ok(signed.out.includes(npub));
  assert.doesNotMatch(readFileSync(join(home, "gateway.json"), "utf8"), /s3cret/);

  const { process: gateway, announced } = await gatewayProcess(t, home);
  const url = announced.relays["home"];
  assert.ok(url);
  assert.equal(new URL(url).pathname, pathname);
  const client = patient(await Relay.connect(url));
  const event = note({}, user);
  await client.publish(forTools(event));
  const found = await new Promise((resolve) => {
    client.subscribe([{ ids: [event.id] }], { onevent: (each) => resolve(each.id) });
  });
  assert.equal(found, event.id);
  assert.match(readFileSync(join(home, "known_relays"), "utf8"), new RegExp(relay.npub));

  const later = await npubwire(["gateway", "add", relay.address, "--name", "later"], "", home);
  assert.equal(later.code, 0);
  const another = patient(await Relay.connect(url.replace(/home$/, "later")));
  another.close();
  client.close();
  gateway.kill("SIGTERM");
  assert.deepEqual(await once(gateway, "exit"), [0, null]);
});
