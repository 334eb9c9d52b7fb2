import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PublicKey } from "../../src/nostr/key.ts";
import {
  addedTemplate,
  claimIn,
  inviteTemplate,
  isMembershipKind,
  memberListTemplate,
  membersIn,
  type Role,
  removedTemplate,
  roleIn,
  roleTemplate,
} from "../../src/nostr/membership.ts";
import { Author, NOW } from "../relay/conformance/session.ts";

const relay = new Author();
const [king, knight] = [new Author().pubkey, new Author().pubkey];

test("the relay's events look as in NIP-43, all of them protected", () => {
  const members = new Map<PublicKey, readonly string[]>([
    [king, ["28b7e50f", "b"]],
    [knight, []],
  ]);
  assert.deepEqual(memberListTemplate(members, NOW), {
    kind: 13_534,
    created_at: NOW,
    tags: [["-"], ["member", king, "28b7e50f", "b"], ["member", knight]],
    content: "",
  });
  assert.deepEqual(addedTemplate(king, NOW).tags, [["-"], ["p", king]]);
  assert.deepEqual(addedTemplate(king, NOW, "ab").tags, [["-"], ["p", king], ["x", "ab"]]);
  const removed = removedTemplate(king, NOW);
  assert.deepEqual([removed.kind, removed.tags], [8_001, [["-"], ["p", king]]]);
  const invite = inviteTemplate("code", NOW);
  assert.deepEqual([invite.kind, invite.tags], [28_935, [["-"], ["claim", "code"]]]);
  const role = { id: "28b7e50f", label: "king", description: "rules", color: 37, order: 1 };
  assert.deepEqual(roleTemplate(role, NOW).tags, [
    ["-"],
    ["d", "28b7e50f"],
    ["label", "king"],
    ["description", "rules"],
    ["color", "37"],
    ["order", "1"],
  ]);
  assert.deepEqual(roleTemplate({ id: "x" }, NOW).tags, [["-"], ["d", "x"]]);
});

test("what is written is read back; what is no key or number is left out", () => {
  const tags = [["member", king, "a"], ["member", "nobody"], ["member"], ["p", knight]];
  assert.deepEqual(membersIn(relay.sign({ kind: 13_534, tags })), new Map([[king, ["a"]]]));
  const odd = [["d", "x"], ["color", "red"], ["order", "1e3"], ["label"]];
  assert.deepEqual(roleIn(relay.sign({ kind: 33_534, tags: odd })), { id: "x", label: "" });
  const role = fc.record<Role>(
    {
      id: fc.string({ unit: "grapheme" }),
      label: fc.string({ unit: "grapheme" }),
      color: fc.integer({ min: 0, max: 360 }),
      order: fc.integer({ min: -99, max: 99 }),
    },
    { requiredKeys: ["id"] },
  );
  fc.assert(
    fc.property(role, (given) => {
      const event = relay.sign(roleTemplate(given, NOW));
      assert.deepEqual(roleIn(event), { ...given });
    }),
    { numRuns: process.env["SLOW"] ? 1_000 : 50 },
  );
});

test("a claim is the first one, and may be missing", () => {
  const claim = (...tags: string[][]) => claimIn(relay.sign({ kind: 28_934, tags }));
  assert.equal(claim(["claim", "a"], ["claim", "b"]), "a");
  assert.equal(claim(["claim"]), "");
  assert.equal(claim(["-"]), undefined);
});

test("requests are anybody's, what the relay says is the relay's", () => {
  assert.deepEqual(
    [13_534, 33_534, 8_000, 8_001, 28_935].map(isMembershipKind),
    Array(5).fill(true),
  );
  assert.deepEqual([28_934, 28_936, 1].map(isMembershipKind), [false, false, false]);
});
