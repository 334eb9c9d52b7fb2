import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Taken } from "../../../src/channel/pipe.ts";
import { createNodeCrypto } from "../../../src/crypto/node.ts";
import { signEvent, type VerifiedEvent } from "../../../src/nostr/event.ts";
import { generateSecretKey } from "../../../src/nostr/key.ts";
import { accept, type Policy, reject } from "../../../src/policy.ts";
import { Front, type FrontParts } from "../../../src/server/sidecar/front.ts";
import { channelPair, type PairOptions } from "../../channel/pair.ts";
import { Listener } from "../../channel/relay.ts";

const crypto = createNodeCrypto();

describe("what a client says", () => {
  it("goes on as it is, if it is neither an event nor about who the client is", async () => {
    const verb = fc.constantFrom("REQ", "CLOSE", "COUNT", "NEG-OPEN", "NEG-MSG", "FUTURE");
    await fc.assert(
      fc.asyncProperty(verb, fc.array(fc.json()), fc.boolean(), async (name, rest, spaced) => {
        const text = ` [ ${[`"${name}"`, ...rest].join(spaced ? " , " : ",")} ] `;
        assert.equal(await front().said(text), text);
      }),
      { numRuns: 50 },
    );
  });

  it("never passes AUTH, ANON or kind 22242 on, whatever surrounds it", async () => {
    const verb = fc.constantFrom("AUTH", "\\u0041UTH", "AUT\\u0048", "ANON", "auth", "AUTH\\u0000");
    const { json } = event(22_242);
    await fc.assert(
      fc.asyncProperty(verb, fc.json(), async (name, extra) => {
        for (const text of [`["${name}",${json},${extra}]`, `["EVENT",${json},${extra}]`]) {
          assert.equal(await front().said(text), undefined);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("is an event: written anew, so that each name stands in it once", async () => {
    const { json, ...fields } = event(1);
    const text = `["EVENT",${json.replace('"kind":1', '"kind":22242,"kind":1')},"more"]`;
    const passed = JSON.parse((await front().said(text)) ?? "");
    assert.deepEqual(passed, ["EVENT", { ...fields }]);
    assert.equal(
      await front().said(`["EVENT",${json.slice(0, -1)},"x":${deep()}}]`),
      `["EVENT",${json}]`,
    );
  });

  const broken = ["", "hello", "{}", '["REQ"', "[]", "[1]", '["EVENT"]', `["EVENT",${deep()}]`];
  for (const text of broken) {
    it(`is answered where it is no message: ${text.slice(0, 20)}`, async () => {
      const { said, heard } = front();
      assert.equal(await said(text), undefined);
      const [[verb, reason] = []] = heard();
      assert.equal(verb, "NOTICE");
      assert.match(String(reason), /^invalid: /);
    });
  }
});

describe("a further key", () => {
  it("is added, and the client told, before anything else is looked at", async () => {
    const { said, heard, relay } = front();
    const { id, pubkey, json } = event(22_242);
    assert.equal(await said(`["AUTH",${json}]`), undefined);
    assert.deepEqual(heard(), [["OK", id, true, ""]]);
    assert.ok(relay.peer.pubkeys.has(pubkey));
  });

  it("ends the channel where it is not admitted", async () => {
    const { said, heard, ended } = front({ admit: () => reject("blocked", "not you") });
    const { id, json } = event(22_242);
    await said(`["AUTH",${json}]`);
    assert.deepEqual(heard(), [["OK", id, false, "blocked: not you"]]);
    assert.equal(ended()?.code, 4003);
  });

  it("may be refused twice, for any reason", async () => {
    const authenticate = () => reject("auth-required", "another channel");
    const { said, heard, ended } = front({}, { authenticate });
    const { id, json } = event(22_242);
    const wrong = JSON.stringify({ ...JSON.parse(json), content: "changed" });
    await said(`["AUTH",${json}]`);
    await said(`["AUTH",${wrong}]`);
    assert.equal(ended(), undefined);
    await said(`["AUTH",${event(1).json}]`);
    assert.equal(ended()?.code, 4002);
    const [first, second, third] = heard();
    assert.deepEqual(first, ["OK", id, false, "auth-required: another channel"]);
    assert.deepEqual(second, ["OK", id, false, "invalid: id does not match the event"]);
    assert.match(String(third?.[3]), /^invalid: AUTH takes/);
  });
});

describe("more than a client may say", () => {
  const reason = "rate-limited: later";
  const { id, json } = event(1);
  const answers: readonly (readonly [string, readonly unknown[]])[] = [
    [`["EVENT",${json}]`, ["OK", id, false, reason]],
    [`["AUTH",${json}]`, ["OK", id, false, reason]],
    ['["REQ","s",{}]', ["CLOSED", "s", reason]],
    ['["COUNT","s",{}]', ["CLOSED", "s", reason]],
    ['["NEG-OPEN","s",{},"61"]', ["NEG-ERR", "s", reason]],
    ['["NEG-MSG","s","61"]', ["NEG-ERR", "s", reason]],
    ['["REQ"]', ["NOTICE", reason]],
    [`["REQ","${"s".repeat(257)}"]`, ["NOTICE", reason]],
  ];
  const receive = () => reject("rate-limited", "later");
  for (const [text, answer] of answers) {
    it(`is answered: ${text.slice(0, 12)}`, async () => {
      const { said, heard } = front({ receive });
      assert.equal(await said(text), undefined);
      assert.deepEqual(heard(), [answer]);
    });
  }

  it("may always be less: CLOSE and NEG-CLOSE", async () => {
    for (const text of ['["CLOSE","s"]', '["NEG-CLOSE","s"]']) {
      assert.equal(await front({ receive }).said(text), text);
    }
  });

  it("ends the channel where there is no answer to it", async () => {
    for (const text of ["hello", '["FUTURE"]']) {
      const { said, ended } = front({ receive });
      await said(text);
      assert.deepEqual(ended(), { code: 4004, reason, clean: true });
    }
  });

  it("counts by verb and by characters", async () => {
    const asked: unknown[] = [];
    const { said } = front({
      receive(verb, characters) {
        asked.push([verb, characters]);
        return accept;
      },
    });
    const texts = [`["EVENT",${json}]`, '["REQ","s",{}]', '["NEG-OPEN","s"]', '["CLOSE","s"]', "x"];
    for (const text of texts) await said(text);
    const verbs = ["EVENT", "REQ", "REQ", "other", "other"];
    assert.deepEqual(
      asked,
      texts.map((text, index) => [verbs[index], text.length]),
    );
  });
});

describe("what the relay behind says", () => {
  it("goes on as it is, but for its challenge", () => {
    for (const text of ['["EOSE","s"]', ' [ "OK" , "AUTH" ]', '["FUTURE"]', '["NOTICE","AUTH"]']) {
      assert.equal(front().answered(text), text);
    }
    for (const text of [
      '["AUTH","challenge"]',
      ' [\n"AUTH" ,1]',
      '["\\u0041UTH","c"]',
      '["AUTH"]',
    ]) {
      assert.equal(front().answered(text), undefined);
    }
  });

  it("must be what relays say", () => {
    for (const text of ["<html>", "{}", "[]", '["auth","c"]', "[1]", '"EVENT"', "EVENT"]) {
      assert.throws(() => front().answered(text), { code: "not-nostr" });
    }
  });
});

/** A front with a client before it. */
function front(policy: Policy = {}, options: PairOptions = {}) {
  const { relay, client } = channelPair(options);
  const listener = new Listener(client);
  const parts: FrontParts = { crypto, policy, isBanned: () => false, defer: setImmediate };
  const it = new Front(parts, relay);
  return {
    relay,
    said: async (text: string): Promise<Taken> => await it.fromClient(text),
    answered: (text: string): Taken => it.fromUpstream(text),
    heard: () => listener.texts.map((text) => JSON.parse(text) as readonly unknown[]),
    ended: () => listener.end,
  };
}

function event(kind: number): VerifiedEvent {
  const template = { kind, created_at: 1_700_000_000, tags: [], content: "" };
  return signEvent(template, generateSecretKey(crypto), crypto);
}

function deep(): string {
  return "[".repeat(50_000) + "]".repeat(50_000);
}
