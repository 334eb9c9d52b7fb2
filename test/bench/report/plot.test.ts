import assert from "node:assert/strict";
import { test } from "node:test";
import { plot } from "./plot.ts";
import { figureLine, machineLine, suiteLine } from "./sample-lines.ts";

const svg = plot([
  machineLine,
  suiteLine("ingest", "durability: <FULL> & on disk"),
  figureLine("ingest", "8 connections", "npubwire", 100),
  figureLine("ingest", "8 connections", "npubwire plain", 50),
  figureLine("ingest", "8 connections", "strfry", 200),
  figureLine("ingest", "64 connections", "npubwire", 1),
]);

/** Width and style of every bar. */
const bars = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)".*class="(\w+)"/g)].map(
  ([, width, style]) => ({ width: Number(width), style }),
);

test("bars are as long as their figures say, each row on a scale of its own", () => {
  const [secure, plain, other, alone] = bars.map(({ width }) => width);
  assert.ok(other !== undefined && secure !== undefined);
  assert.equal(other / secure, 2);
  assert.equal(secure / (plain ?? 0), 2);
  assert.equal(alone, other);
});

test("encrypted, plain and other relays can be told apart, in light and dark", () => {
  assert.deepEqual(
    bars.map(({ style }) => style),
    ["encrypted", "plain", "other", "encrypted"],
  );
  assert.match(svg, /prefers-color-scheme: dark/);
});

test("the machine and the notes are on it, and nothing of them is markup", () => {
  assert.match(svg, /Abacus, 2 cores/);
  assert.match(svg, /durability: &lt;FULL&gt; &amp; on disk/);
});

test("everything lies on the page", () => {
  const height = Number(/height="(\d+)"/.exec(svg)?.[1]);
  const lowest = Math.max(...[...svg.matchAll(/ y="(\d+)"/g)].map(([, y]) => Number(y)));
  assert.ok(lowest < height);
});
