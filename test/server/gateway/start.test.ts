import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { keySigner } from "../../../src/channel/signer.ts";
import { startGateway } from "../../../src/index.ts";
import { publicKeyOf } from "../../../src/nostr/key.ts";
import { bareClient } from "../../e2e/client.ts";
import { crypto, newKey, note } from "../../e2e/events.ts";
import { testFolder, testRelay } from "../../e2e/setup.ts";

test("a gateway inside a program signs in with the signer that it was given", async (t) => {
  const key = newKey();
  const me = publicKeyOf(key, crypto);
  const relay = await testRelay(t, { config: { access: { connect: { allow: [me] } } } });
  const gateway = await startGateway({
    relays: { home: relay.address },
    signer: keySigner(key, crypto),
    knownRelays: join(testFolder(t), "known_relays"),
  });
  t.after(() => gateway.close());
  const app = await bareClient(gateway.url("home"));
  const event = note({ content: "from a program" });
  app.send(JSON.stringify(["EVENT", event]));
  assert.deepEqual(await app.next(), ["OK", event.id, true, ""]);
  await app.close();
});

test("its options are checked before anything is opened", async () => {
  const relays = { home: "ws://relay.example" };
  await assert.rejects(startGateway({ relays }), { name: "ConfigError", message: /relays\.home/ });
  await assert.rejects(startGateway({ relays: {}, proxy: "http://a" }), { code: "proxy" });
});
