import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type PipeEnd, type PipeOutcome, passedOn, pipe } from "../../src/channel/pipe.ts";
import type { LinkEnd } from "../../src/channel.ts";
import { TestClock } from "./clock.ts";
import { channelPair, type PairedChannel } from "./pair.ts";
import { Listener } from "./relay.ts";
import { quiet } from "./sockets.ts";

const FULL = 262_144;
const MAX_STALL = 60_000;

describe("a pipe", () => {
  it("brings every text to the other end, whole and in order, whatever stalls when", async () => {
    const text = fc
      .tuple(fc.constantFrom("<", ">"), fc.integer({ min: 1, max: 4 }))
      .map(([way, size]) => ({ do: "say" as const, way, size: size * 40_000 }));
    const network = fc.record({
      do: fc.constantFrom("stall" as const, "flow" as const),
      way: fc.constantFrom("<", ">"),
      size: fc.constant(0),
    });
    const steps = fc.array(fc.oneof(text, network), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (script, isSlow) => {
        const take = isSlow ? async (said: string) => said : (said: string) => said;
        const { left, right, near, far } = joined({ take }, { take });
        const said = { "<": [] as string[], ">": [] as string[] };
        for (const [index, step] of script.entries()) {
          const [from, to] = step.way === ">" ? [left, far] : [right, near];
          if (step.do === "say") {
            const words = `${index}`.padEnd(step.size, ".");
            said[step.way as "<" | ">"].push(words);
            from.end.send(words);
          } else to[step.do]();
          assert.ok(to.bufferedAmount <= FULL + 160_000);
          if (isSlow) await quiet();
        }
        near.flow();
        far.flow();
        await quiet();
        assert.deepEqual([left.heard.texts, right.heard.texts], [said["<"], said[">"]]);
      }),
      { numRuns: 50 },
    );
  });

  it("stops reading an end while the other one's queue is full", () => {
    const { left, near, far } = joined();
    far.stall();
    for (let count = 0; count < 10; count++) left.end.send("x".repeat(100_000));
    assert.equal(far.bufferedAmount, 300_000);
    assert.equal(near.isPaused, true);
    far.flow();
    assert.equal(near.isPaused, false);
  });

  it("gives up an end that takes nothing for too long, and says so to the other", async () => {
    const { clock, left, right, far, outcome } = joined();
    far.stall();
    for (let count = 0; count < 3; count++) left.end.send("x".repeat(100_000));
    clock.advance(MAX_STALL - 1);
    far.takes(1);
    clock.advance(1);
    assert.equal(left.heard.end, undefined);
    clock.advance(MAX_STALL);
    assert.deepEqual(right.heard.end, {
      code: 4005,
      reason: "too slow: the queue is full",
      clean: true,
    });
    assert.deepEqual(left.heard.end, { code: 4001, reason: "the far end is gone", clean: true });
    const { first, end } = await outcome;
    assert.equal(first.name, "the far end");
    assert.deepEqual([end.code, end.clean, codeOf(end)], [1006, false, "too-slow"]);
    assert.equal(clock.pending, 0);
  });

  it("does not pass on what was taken, and waits while it is being judged", async () => {
    const judged: (() => void)[] = [];
    const take = (text: string) =>
      new Promise<string | undefined>((resolve) => {
        judged.push(() => resolve(text === "secret" ? undefined : text.toUpperCase()));
      });
    const { left, right, near } = joined({ take });
    for (const text of ["one", "secret", "two"]) left.end.send(text);
    for (let count = 0; count < 3; count++) {
      assert.equal(judged.length, count + 1);
      assert.equal(near.isPaused, true);
      judged[count]?.();
      await quiet();
    }
    assert.deepEqual(right.heard.texts, ["ONE", "TWO"]);
    assert.equal(near.isPaused, false);
  });

  it("stops reading an end that does not take the answers to what was taken", () => {
    const { left, near } = joined({
      take() {
        near.send("x".repeat(100_000));
        return undefined;
      },
    });
    near.stall();
    for (let count = 0; count < 10; count++) left.end.send("?");
    assert.equal(near.bufferedAmount, 300_000);
    assert.equal(near.isPaused, true);
    near.flow();
    assert.equal(left.heard.texts.length, 10);
  });

  for (const [name, take] of [
    ["throws", () => fail()],
    ["rejects", async () => fail()],
  ] as const) {
    it(`closes both ends where the look at a message ${name}`, async () => {
      const { left, right, outcome } = joined({ take });
      left.end.send("boom");
      const { end } = await outcome;
      assert.equal(codeOf(end), "undeliverable");
      assert.equal(left.heard.end?.code, 4008);
      assert.equal(right.heard.end?.code, 4001);
      assert.deepEqual(right.heard.texts, []);
    });
  }
});

describe("the end of one end", () => {
  it("reaches the other with code and reason, behind what was said before", async () => {
    const { left, right, outcome } = joined();
    left.end.send("last words");
    left.end.close(4003, "restricted: not you");
    const end = { code: 4003, reason: "restricted: not you", clean: true };
    assert.deepEqual(right.heard.texts, ["last words"]);
    assert.deepEqual(right.heard.end, end);
    const { first, end: told } = await outcome;
    assert.equal(first.name, "the near end");
    assert.deepEqual(told, end);
  });

  it("is passed on in codes that both kinds of close frame carry, and never as 1006", () => {
    const codes = (code: number) => passedOn({ code, reason: "so", clean: true }, "it").code;
    const expected = {
      1000: 1000,
      1001: 4001,
      1002: 4008,
      1005: 1000,
      1008: 4008,
      1009: 4008,
      1011: 4008,
      1012: 4001,
      1013: 4001,
      3000: 1000,
      4000: 1000,
      4001: 4001,
      4099: 4099,
      4100: 1000,
    };
    for (const [code, passed] of Object.entries(expected)) {
      assert.equal(codes(Number(code)), passed, code);
    }
    assert.deepEqual(passedOn({ code: 1006, reason: "truncated", clean: false }, "it"), {
      code: 4001,
      reason: "it is gone",
    });
  });
});

interface Outside {
  /** What a client or a relay holds of the link. */
  readonly end: PairedChannel;
  readonly heard: Listener;
}

/** Left and right are outside; near and far are the ends that the pipe joins. */
function joined(
  a: Pick<PipeEnd, "take"> = {},
  b: Pick<PipeEnd, "take"> = {},
): {
  readonly clock: TestClock;
  readonly left: Outside;
  readonly right: Outside;
  readonly near: PairedChannel;
  readonly far: PairedChannel;
  readonly outcome: Promise<PipeOutcome>;
} {
  const clock = new TestClock();
  const { relay: near, client: left } = channelPair();
  const { relay: right, client: far } = channelPair();
  const outcome = pipe(
    { link: near, name: "the near end", ...a },
    { link: far, name: "the far end", ...b },
    { clock, maxStall: MAX_STALL },
  );
  const outside = (end: PairedChannel): Outside => ({ end, heard: new Listener(end) });
  return { clock, left: outside(left), right: outside(right), near, far, outcome };
}

function fail(): never {
  throw new Error("boom");
}

function codeOf({ error }: LinkEnd): unknown {
  return error && "code" in error ? error.code : undefined;
}
