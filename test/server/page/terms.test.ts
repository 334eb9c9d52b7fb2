import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseConfig } from "../../../src/server/config.ts";
import { terms } from "../../../src/server/page/terms.ts";

const NPUB = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";

describe("the terms of a relay", () => {
  it("say of the default relay that everybody may, encrypted", () => {
    assert.deepEqual(answers({}), {
      Encryption: "Always. Clients that speak plain are turned away.",
      Identity: "Each client proves a key. A throwaway one will do.",
      Connecting: "Everybody.",
      Reading: "Everybody.",
      Publishing: "Everybody.",
      "One message": "Up to 512 KiB; an event up to 262,144 characters and 5,000 tags.",
      "One connection":
        "Up to 300 subscriptions of 100 filters, with 5,000 stored events to a filter.",
      "Dates of events": "Of any age, and at most 15 minutes ahead.",
    });
  });

  it("follow plaintext and auth", () => {
    assert.match(answers({ plaintext: "loopback" })["Encryption"] ?? "", /own machine/);
    assert.match(answers({ plaintext: "allow" })["Encryption"] ?? "", /without any protection/);
    assert.match(answers({ auth: "optional" })["Identity"] ?? "", /anonymous/);
    const closed = { auth: "optional", access: { connect: { allow: [NPUB] } } };
    assert.match(answers(closed)["Identity"] ?? "", /known here/);
  });

  it("name groups, and never a key", () => {
    const access = {
      connect: { allow: ["everybody"], deny: [NPUB] },
      read: { allow: ["members", "webOfTrust", NPUB] },
      write: { allow: [] },
      webOfTrust: { roots: [NPUB] },
    };
    const found = answers({ access, membership: { enabled: true } });
    assert.equal(found["Connecting"], "Everybody. Some keys are banned.");
    assert.equal(
      found["Reading"],
      "Members, and those in the operator's web of trust, and keys that the operator has chosen.",
    );
    assert.equal(found["Publishing"], "Nobody.");
    assert.doesNotMatch(JSON.stringify(found), /npub1|7e7e9c42/);
  });

  it("tell those who may not publish that their relay lists are taken", () => {
    const lists = (access: unknown) => /Relay lists/.test(answers({ access })["Publishing"] ?? "");
    const write = { allow: [NPUB] };
    assert.equal(lists({ relayLists: "everybody", write }), true);
    assert.equal(lists({ write }), false);
    assert.equal(lists({ relayLists: "everybody" }), false);
  });

  it("list kinds as ranges, the first ones where there are many", () => {
    const kinds = (write: unknown) => answers({ access: { write } })["Publishing"];
    assert.equal(
      kinds({ kinds: [3, "5-7", 1, 4, "30000-39999"] }),
      "Everybody. Kinds 1, 3–7, 30000–39999.",
    );
    assert.equal(kinds({ exceptKinds: [4] }), "Everybody. Kinds 0–3, 5–65535.");
    const odd = Array.from({ length: 20 }, (_, index) => 2 * index + 1);
    assert.match(kinds({ kinds: odd }) ?? "", /Kinds 1, 3, .*, 23 and others\.$/);
  });

  it("tell of work, plugins, ages, rates and membership where there are such", () => {
    const found = answers({
      limits: { minPowDifficulty: 20, createdAtLowerLimit: 86_400, createdAtUpperLimit: 3_600 },
      writePolicy: { plugin: "/usr/local/bin/judge --secret-path" },
      rates: { perAddress: { events: 120, requests: 60 }, perNpub: { characters: 1_000_000 } },
      membership: { enabled: true, inviters: ["members"], codes: ["open-sesame-open-sesame"] },
    });
    assert.equal(
      found["Publishing"],
      "Everybody. Events carry 20 bits of work (NIP-13). A program of the operator has a say in each event.",
    );
    assert.equal(found["Dates of events"], "At most 1 day old, and at most 1 hour ahead.");
    assert.equal(
      found["Per minute"],
      "120 events, 60 requests from one address; 1,000,000 characters from one key.",
    );
    assert.match(found["Becoming a member"] ?? "", /codes are given to members/);
    assert.doesNotMatch(JSON.stringify(found), /sesame|judge/);
  });
});

function answers(settings: unknown): Readonly<Record<string, string>> {
  const found = terms(parseConfig(settings, { data: "unused" }));
  return Object.fromEntries(found.map(({ what, answer }) => [what, answer]));
}
