import assert from "node:assert/strict";
import { test } from "node:test";
import { publishUntil, requestUntil } from "./load.ts";
import type { Wire } from "./wire.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** A relay that answers each message with what `answers` says, a turn later. */
function relay(answers: (text: string) => readonly string[]) {
  const sent: string[] = [];
  let receive: (text: string) => void = () => {};
  let underWay = 0;
  let mostUnderWay = 0;
  const wire: Wire = {
    bufferedAmount: 0,
    send(text) {
      sent.push(text);
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      setImmediate(() => {
        underWay--;
        for (const answer of answers(text)) receive(answer);
      });
    },
    onText(next) {
      receive = next;
    },
    onEnd() {},
    cut() {},
  };
  return { wire, sent, mostUnderWay: () => mostUnderWay };
}

test("every event is published once, and no more are under way than the window holds", async () => {
  const relays = [relay(() => ['["OK","id",true,""]']), relay(() => ['["OK","id",true,""]'])];
  const events = Array.from({ length: 10 }, (_, index) => `event ${index}`);
  const wires = relays.map(({ wire }) => wire);
  assert.equal(await publishUntil(FOREVER, wires, events, 3), 10);
  assert.deepEqual(relays.flatMap(({ sent }) => sent).sort(), events);
  for (const { mostUnderWay } of relays) assert.equal(mostUnderWay(), 3);
});

test("when the time is over, nothing more is sent, and what was is still waited for", async () => {
  const { wire, sent } = relay(() => ['["OK","id",true,""]']);
  assert.equal(await publishUntil(Number.NEGATIVE_INFINITY, [wire], ["event"], 3), 0);
  assert.deepEqual(sent, []);
});

for (const answer of ['["OK","id",false,"invalid: x"]', '["OK","id",true,"duplicate: x"]']) {
  test(`an event that is not stored ends the run: ${answer}`, async () => {
    const { wire } = relay(() => [answer]);
    await assert.rejects(publishUntil(FOREVER, [wire], ["event"], 1), /did not store an event/);
  });
}

test("a request lasts until its EOSE, is closed, and its events are counted", async () => {
  const { wire, sent } = relay((text) =>
    text.startsWith('["REQ"') ? ['["EVENT","bench",{}]', '["EOSE","bench"]'] : [],
  );
  const asked = await requestUntil(Number.NEGATIVE_INFINITY, [wire], () => '{"limit":1}');
  assert.equal(asked.requests, 1);
  assert.equal(asked.events, 1);
  assert.equal(asked.milliseconds.length, 1);
  assert.deepEqual(sent, ['["REQ","bench",{"limit":1}]', '["CLOSE","bench"]']);
});

test("a request that is refused ends the run", async () => {
  const { wire } = relay(() => ['["CLOSED","bench","rate-limited: x"]']);
  await assert.rejects(
    requestUntil(FOREVER, [wire], () => "{}"),
    /the relay refused/,
  );
});
