import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogFields } from "../../src/log.ts";
import { Metrics } from "../../src/server/metrics.ts";
import { channelPair } from "../channel/pair.ts";
import { ManualClock } from "../policy/manual-clock.ts";
import { Author, CONFORMANCE_LIMITS } from "../relay/conformance/session.ts";
import { createTestRelay, PairClient, turns } from "../relay/setup.ts";

const TEN_MINUTES = 600_000;

function setUp() {
  const clock = new ManualClock();
  const lines: (LogFields | undefined)[] = [];
  const metrics = new Metrics({ clock, log: (_, __, fields) => lines.push(fields) });
  const limits = { ...CONFORMANCE_LIMITS, maxBufferedBytes: 65_536 };
  const { relay } = createTestRelay({ limits });
  const connect = (challenge?: string) => {
    const { relay: end, client } = channelPair(challenge === undefined ? {} : { challenge });
    const paired = new PairClient(client, end);
    relay.accept(metrics.watch(end));
    return paired;
  };
  const line = () => {
    clock.expire(TEN_MINUTES);
    const [fields, ...others] = lines.splice(0);
    assert.equal(others.length, 0);
    if (fields === undefined) return undefined;
    const { sentCharacters, receivedCharacters, ...counts } = fields;
    return counts;
  };
  return { metrics, connect, line };
}

test("a line says what came and went since the last one, and why something was refused", async () => {
  const { connect, line } = setUp();
  assert.equal(line(), undefined, "nothing has happened");
  const client = connect();
  const { session } = client;
  const author = new Author();
  await session.publishAll([author.sign()]);
  await session.publish(author.sign({ tags: [["-"]] }));
  await session.refused('odd "id', { nothing: 1 });
  await session.stored({ authors: [author.pubkey] });
  session.sendText("nonsense");
  await session.next();
  session.send("NEG-MSG", "x", "61");
  await session.next();
  connect("challenge");
  assert.deepEqual(line(), {
    connections: 2,
    "opened.plain": 1,
    "opened.secure": 1,
    "received.CLOSE": 1,
    "received.EVENT": 2,
    "received.NEG-MSG": 1,
    "received.REQ": 2,
    "received.other": 1,
    "refused.auth-required": 1,
    "refused.closed": 1,
    "refused.unsupported": 1,
    "sent.AUTH": 1,
    "sent.CLOSED": 1,
    "sent.EOSE": 1,
    "sent.EVENT": 1,
    "sent.NEG-ERR": 1,
    "sent.NOTICE": 1,
    "sent.OK": 2,
  });
  client.close();
  assert.equal(line(), undefined, "it counts from line to line");
});

test("a client that is too slow is closed and counted", async () => {
  const { connect, line, metrics } = setUp();
  const [slow, { session }] = [connect(), connect()];
  slow.send('["REQ","x",{}]');
  await turns();
  slow.far.stall();
  const author = new Author();
  for (let n = 0; n < 12; n += 1) {
    await session.publish(author.sign({ content: `${n}`.padEnd(9_000) }));
  }
  const counts = line();
  assert.deepEqual([counts?.["closed.tooSlow"], counts?.["connections"]], [1, 1]);
  metrics.close();
  assert.equal(line(), undefined, "a closed one says no more");
});

test("names that a relay behind makes up are counted together", () => {
  const { metrics, line } = setUp();
  const { relay: end } = channelPair();
  const channel = metrics.watch(end);
  for (let n = 0; n < 1_000; n += 1) {
    const verb = [...`${n}`].map((digit) => "ABCDEFGHIJ"[Number(digit)]).join("");
    channel.send(`["${verb}"]`);
  }
  const counts = line() ?? {};
  assert.ok(Object.keys(counts).length < 210);
  assert.ok(Number(counts["other"]) > 790);
});
