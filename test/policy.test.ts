import assert from "node:assert/strict";
import { test } from "node:test";
import {
  accept,
  all,
  any,
  type Policy,
  reject,
  shadowReject,
  type WriteVerdict,
} from "../src/policy.ts";
import { event, peer } from "./policy/plugin-setup.ts";

const write = (policy: Policy) => policy.write?.(event("x"), peer());
const saying = (verdict: WriteVerdict): Policy => ({ write: () => verdict });
const yes = saying(accept);
const no = saying(reject("blocked", "no"));
const never = saying(reject("restricted", "never"));
const shadow = saying(shadowReject("fine"));
const fails: Policy = { write: () => Promise.reject(new Error("broken")) };

test("all accepts what every policy accepts; the first rejection is the answer", async () => {
  assert.deepEqual(await write(all()), accept);
  assert.deepEqual(await write(all(yes, {}, yes)), accept);
  assert.deepEqual(await write(all(yes, no, never)), reject("blocked", "no"));
  assert.deepEqual(await write(all(shadow, no)), shadowReject("fine"));
  assert.deepEqual(await write(all(no, fails)), reject("blocked", "no"));
});

test("all waits for who takes its time, and asks nobody else before", async () => {
  const later = (verdict: WriteVerdict): Policy => ({ write: async () => verdict });
  assert.deepEqual(await write(all(yes, later(accept), yes, later(accept))), accept);
  assert.deepEqual(await write(all(later(accept), no, fails)), reject("blocked", "no"));
  assert.deepEqual(await write(all(later(shadowReject("fine")), fails)), shadowReject("fine"));
});

test("any accepts what one policy accepts; else the first rejection is the answer", async () => {
  assert.deepEqual(await write(any(no, shadow, yes, fails)), accept);
  assert.deepEqual(await write(any(no, shadow, never)), reject("blocked", "no"));
  assert.deepEqual(await write(any(shadow, no)), shadowReject("fine"));
  assert.equal((await write(any()))?.accepted, false);
});

test("a question that a policy leaves out is accepted", async () => {
  assert.deepEqual(await write(any(no, {})), accept);
  assert.deepEqual(await any(no).read?.([], peer()), accept);
  assert.deepEqual(await any(no).admit?.(undefined, peer()), accept);
});

test("a policy that fails is not passed over", async () => {
  await assert.rejects(async () => write(all(yes, fails)), /broken/);
  await assert.rejects(async () => write(any(no, fails, yes)), /broken/);
});

test("they nest", async () => {
  assert.deepEqual(await write(all(any(no, yes), any(never, all(yes, yes)))), accept);
  assert.deepEqual(await write(any(all(yes, no), never)), reject("blocked", "no"));
});
