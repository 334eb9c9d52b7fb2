import assert from "node:assert/strict";
import { test } from "node:test";
import { CatchUp } from "../../src/store/catch-up.ts";

class Words {
  waiting = 0;
  readonly slices: number[] = [];
  isLocked = false;

  catchUp(most: number): void {
    if (this.isLocked) throw new Error("database is locked");
    const events = Math.min(most, this.waiting);
    this.waiting -= events;
    this.slices.push(events);
  }
}

test("words are indexed when nothing was written for a while, and then slice by slice", ({
  mock,
}) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const words = new Words();
  const catchUp = new CatchUp(words);
  const wrote = (events: number) => {
    words.waiting += events;
    catchUp.wrote(events);
  };
  for (let i = 0; i < 10; i++) {
    wrote(30);
    mock.timers.tick(15);
  }
  assert.deepEqual(words.slices, []);
  let quiet = 15;
  for (; words.slices.length === 0; quiet++) mock.timers.tick(1);
  assert.ok(quiet >= 20 && quiet <= 40, `${quiet} ms`);
  for (let i = 0; i < 2; i++) mock.timers.tick(1);
  assert.deepEqual(words.slices, [128, 128, 44]);
  mock.timers.tick(1_000);
  assert.equal(words.slices.length, 3);
});

test("a write that goes on keeps what waits within bounds", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const words = new Words();
  const catchUp = new CatchUp(words);
  for (const events of [8_192, 1, 500]) {
    words.waiting += events;
    catchUp.wrote(events);
  }
  assert.deepEqual(words.slices, [128, 500]);
});

test("a database that somebody else holds is tried again later", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const words = Object.assign(new Words(), { waiting: 1, isLocked: true });
  const catchUp = new CatchUp(words);
  mock.timers.tick(100);
  words.isLocked = false;
  mock.timers.tick(20);
  assert.deepEqual(words.slices, [1]);
  words.waiting = 1;
  catchUp.wrote(1);
  catchUp.stop();
  mock.timers.tick(1_000);
  assert.equal(words.waiting, 1);
});
