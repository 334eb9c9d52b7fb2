import assert from "node:assert/strict";
import { test } from "node:test";
import { type InformationSettings, information } from "../../src/relay/information.ts";
import { Author, CONFORMANCE_LIMITS } from "./conformance/session.ts";

const self = new Author().pubkey;

function document(
  settings: InformationSettings,
  auth: "required" | "optional" = "required",
  parts: { readonly search?: boolean; readonly eoseHints?: boolean } = {},
) {
  return information({
    settings,
    self,
    limits: CONFORMANCE_LIMITS,
    auth,
    restrictsWrites: false,
    takesRelayLists: false,
    hasMembers: false,
    isManaged: false,
    software: "https://software.example",
    version: "1.2.3",
    search: true,
    ...parts,
  });
}

test("the document says what is set, the relay's key, and nothing that is not there", () => {
  const settings = { name: "A", description: "B" };
  const { limitation: _, ...rest } = document(settings);
  assert.deepEqual(rest, {
    name: "A",
    description: "B",
    self,
    supported_nips: [1, 9, 11, 17, 40, 42, 45, 50, 59, 62, 67, 70, 77, 91],
    software: "https://software.example",
    version: "1.2.3",
    transports: ["npubwire/1"],
  });
  const all = {
    ...settings,
    banner: "https://a.example/b.png",
    icon: "https://a.example/i.png",
    pubkey: new Author().pubkey,
    contact: "mailto:a@a.example",
    terms_of_service: "https://a.example/tos",
  };
  assert.deepEqual(document(all), { ...document(settings), ...all });
});

test("NIP-65 and NIP-77 are announced where they are switched on", () => {
  const limits = { ...CONFORMANCE_LIMITS, maxNegentropyEvents: 0 };
  const { supported_nips } = information({
    settings: { name: "", description: "" },
    self,
    limits,
    auth: "required",
    search: true,
    restrictsWrites: false,
    takesRelayLists: true,
    hasMembers: false,
    isManaged: false,
    version: "",
  });
  assert.deepEqual(supported_nips, [1, 9, 11, 17, 40, 42, 45, 50, 59, 62, 65, 67, 70, 91]);
});

test("limitation has all 13 members, equal to the limits", () => {
  const settings = { name: "", description: "" };
  assert.deepEqual(document(settings).limitation, {
    max_message_length: 131_072,
    max_subscriptions: 8,
    max_limit: 20,
    max_subid_length: 64,
    max_event_tags: 100,
    max_content_length: 10_000,
    min_pow_difficulty: 0,
    auth_required: true,
    payment_required: false,
    restricted_writes: false,
    created_at_lower_limit: 0,
    created_at_upper_limit: 900,
    default_limit: 10,
  });
  assert.equal(document(settings, "optional").limitation.auth_required, false);
});

test("rule 38: hints in EOSE are announced where they are switched on", () => {
  const settings = { name: "", description: "" };
  assert.ok(!document(settings, "required", { eoseHints: false }).supported_nips.includes(67));
});

test("rule 36: search is announced where it is switched on", () => {
  const settings = { name: "", description: "" };
  assert.ok(!document(settings, "required", { search: false }).supported_nips.includes(50));
});

test("only what is demanded is announced", () => {
  const settings = { name: "", description: "" };
  const parts = {
    settings,
    self,
    takesRelayLists: false,
    hasMembers: false,
    isManaged: false,
    limits: CONFORMANCE_LIMITS,
    auth: "optional",
    search: true,
    version: "1",
  } as const;
  const restricted = information({ ...parts, restrictsWrites: true });
  assert.equal(restricted.supported_nips.includes(13), false);
  assert.equal(restricted.limitation.restricted_writes, true);
  const limits = { ...CONFORMANCE_LIMITS, minPowDifficulty: 20 };
  const worked = information({ ...parts, limits, restrictsWrites: false });
  assert.deepEqual(worked.supported_nips.slice(0, 4), [1, 9, 11, 13]);
  assert.equal(worked.limitation.min_pow_difficulty, 20);
  assert.equal(worked.limitation.restricted_writes, true);
});
