/** How a gateway signs: remote signers over real relays, encrypted keys, and signers that do not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { encrypt } from "nostr-tools/nip49";
import { secureWebSocket } from "../../src/client.ts";
import type { Clock } from "../../src/clock.ts";
import { systemClock } from "../../src/clock.ts";
import { encodeBunker, parseBunker } from "../../src/nostr/bunker.ts";
import { encodeNpub, encodeNsec, publicKeyOf } from "../../src/nostr/key.ts";
import { route } from "../../src/server/dial.ts";
import type { SignerSetting } from "../../src/server/gateway/settings.ts";
import {
  type OpenSigner,
  openKeySigner,
  openSigner,
  remoteSigner,
  type SignerParts,
} from "../../src/server/gateway/signer.ts";
import { testBunker } from "./bunker.ts";
import { bareClient } from "./client.ts";
import { crypto, newKey } from "./events.ts";
import { testGateway } from "./gateway.ts";
import { type Scope, testRelay } from "./setup.ts";

const parts: SignerParts = {
  crypto,
  clock: systemClock,
  log() {},
  knownRelays: { check() {}, remember: () => false, forget: () => false },
  route: route(),
  askPassword: undefined,
  onAuthUrl() {},
};

for (const form of ["plain", "encrypted"] as const) {
  test(`a remote signer over ${form} relays lets its user in`, async (t) => {
    const user = newKey();
    const pages: string[] = [];
    // Whoever speaks plainly there has to sign in by NIP-42.
    const meeting = await testRelay(t, { config: { plaintext: "loopback" } });
    const bunker = await testBunker(t, meeting.address, user, secureWebSocket());
    const place = encodeURIComponent(form === "plain" ? meeting.url : meeting.address);
    const url = bunker.url.replace(encodeURIComponent(meeting.address), place);
    const setting = await introduced(url);
    const signer = await opened(t, setting, { ...parts, onAuthUrl: (page) => pages.push(page) });
    const { gateway } = await members(t, user, signer);
    for (const how of ["sign", "send to a page"] as const) {
      bunker.behave(how);
      const client = await bareClient(gateway.url("home"));
      client.send('["REQ","a",{"limit":0}]');
      assert.equal(((await client.next()) as unknown[])[0], "EOSE");
      await client.close();
    }
    assert.deepEqual(pages, ["https://signer.example/agree"]);
    assert.deepEqual(bunker.methods, ["connect", "get_public_key", "sign_event", "sign_event"]);
  });
}

test("a remote signer that refuses, and one that never answers, have words and codes of their own", async (t) => {
  const user = newKey();
  const meeting = await testRelay(t, { config: { plaintext: "loopback", auth: "optional" } });
  const bunker = await testBunker(t, meeting.url, user);
  const setting = await introduced(bunker.url);
  let giveUp = (): void => {};
  const asked = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  let runDeadline = (): void => {};
  const clock: Clock = {
    now: systemClock.now,
    after(milliseconds, run) {
      if (milliseconds !== 55_000) return systemClock.after(milliseconds, run);
      runDeadline = run;
      giveUp();
      return () => {};
    },
  };
  const signer = await opened(t, setting, { ...parts, clock });
  const { gateway } = await members(t, user, signer);
  bunker.behave("refuse");
  const refused = await bareClient(gateway.url("home"));
  assert.match(String(await refused.next()), /home: the signer refused: the person said no/);
  assert.equal((await refused.closed).code, 1008);

  bunker.behave("keep silent");
  const silent = await bareClient(gateway.url("home"));
  await asked;
  while (bunker.methods.length < 4) await new Promise(setImmediate);
  runDeadline();
  assert.match(String(await silent.next()), /home: the signer has not answered for 55 seconds/);
  assert.equal((await silent.closed).code, 1013);
  assert.deepEqual(
    gateway.log.filter(({ level }) => level === "warn").map(({ fields }) => fields?.["reason"]),
    ["signer", "signer-timeout"],
  );
});

test("an encrypted key lets its user in, if the password is right", async (t) => {
  const user = newKey();
  const encryptedKey = encrypt(user, "right", 4);
  const questions: string[] = [];
  const typing = (...words: string[]) => ({
    ...parts,
    askPassword: async (question: string) => {
      questions.push(question);
      return words.shift() ?? "";
    },
  });
  const signer = await opened(t, { encryptedKey }, typing("wrong", "right"));
  assert.equal(questions.length, 2);
  assert.equal(signer.pubkey, publicKeyOf(user, crypto));
  const { gateway } = await members(t, user, signer);
  const client = await bareClient(gateway.url("home"));
  client.send('["REQ","a",{"limit":0}]');
  assert.equal(((await client.next()) as unknown[])[0], "EOSE");
  await client.close();

  await assert.rejects(openSigner({ encryptedKey }, typing("wrong", "Right", "right ")), {
    name: "KeyError",
    message: "the encrypted key cannot be opened: the password is wrong",
  });
  await assert.rejects(openKeySigner(encryptedKey, "variable X", parts), {
    message: "variable X needs a password: start this at a terminal",
  });
  const plain = await openKeySigner(encodeNsec(user), "variable X", parts);
  assert.equal(plain.pubkey, signer.pubkey);
});

/** What `npubwire gateway sign` does. */
async function introduced(url: string): Promise<SignerSetting> {
  const bunker = parseBunker(url);
  assert.ok(bunker.ok);
  const clientKey = newKey();
  const signer = remoteSigner(bunker.value, clientKey, parts);
  await signer.connect();
  const pubkey = await signer.getPublicKey();
  signer.close();
  return { bunker: encodeBunker(bunker.value), clientKey: encodeNsec(clientKey), pubkey };
}

async function opened(t: Scope, setting: SignerSetting, own: SignerParts): Promise<OpenSigner> {
  const signer = await openSigner(setting, own);
  t.after(() => signer.close());
  return signer;
}

/** A relay for this user alone, and a gateway to it. */
async function members(t: Scope, user: ReturnType<typeof newKey>, { signer }: OpenSigner) {
  const npub = encodeNpub(publicKeyOf(user, crypto));
  const relay = await testRelay(t, { config: { access: { connect: { allow: [npub] } } } });
  return { gateway: await testGateway(t, { home: relay.address }, { signer }) };
}
