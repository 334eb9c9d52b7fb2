import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DialError, type SecureWebSocketConstructor } from "../../../src/client.ts";
import { type Finding, probe } from "../../../src/server/page/probe.ts";
import { TestClock } from "../../channel/clock.ts";
import { crypto, note } from "../../e2e/events.ts";

/** The one socket that a visit dials, in the hands of the test. */
class Line {
  readonly sent: string[] = [];
  isClosed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { reason: string; error?: DialError }) => void) | null = null;

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.isClosed = true;
  }

  says(...message: readonly unknown[]): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

function visit() {
  const line = new Line();
  const clock = new TestClock();
  let milliseconds = 1_000;
  const finding: Promise<Finding> = probe("nostr+ws://npub1…@relay.example", {
    WebSocket: function dial() {
      return line;
    } as unknown as SecureWebSocketConstructor,
    crypto,
    clock,
    milliseconds: () => milliseconds,
  });
  const later = (passed: number): void => {
    milliseconds += passed;
  };
  return { line, clock, finding, later };
}

describe("a visit to the relay", () => {
  it("times the proof and the first answer, and brings the notes", async () => {
    const { line, finding, later } = visit();
    later(40);
    line.onopen?.();
    assert.deepEqual(line.sent, ['["REQ","notes",{"kinds":[1],"limit":5}]']);
    later(25);
    const event = note({ content: "hello" });
    line.says("EVENT", "notes", event);
    later(100);
    line.says("EOSE", "notes");
    const { notes, ...figures } = await finding;
    assert.deepEqual(figures, { isProved: true, opened: 40, answered: 25 });
    assert.deepEqual(notes, [JSON.parse(event.json)]);
    assert.ok(line.isClosed);
  });

  it("leaves out what does not verify, is no note, or is too much", async () => {
    const { line, finding } = visit();
    line.onopen?.();
    line.onmessage?.({ data: "not JSON" });
    line.says({});
    line.says("EVENT", "notes", { ...note(), content: "changed" });
    line.says("EVENT", "notes", note({ kind: 7 }));
    line.says("EVENT", "notes", null);
    for (let count = 0; count < 9; count++) line.says("EVENT", "notes", note());
    line.says("EOSE", "notes");
    assert.equal((await finding).notes.length, 5);
  });

  it("tells a proof from what follows it", async () => {
    const refused = visit();
    refused.line.onopen?.();
    refused.line.says("CLOSED", "notes", "restricted: members only");
    const { reason, isProved } = await refused.finding;
    assert.deepEqual([isProved, reason], [true, "restricted: members only"]);
    const sentAway = visit();
    sentAway.line.onopen?.();
    sentAway.line.onclose?.({ reason: "restricted: not you" });
    const end = await sentAway.finding;
    assert.deepEqual(end, { isProved: true, reason: "restricted: not you", opened: 0, notes: [] });
  });

  it("says why there was no channel", async () => {
    const { line, finding } = visit();
    const error = new DialError("wrong-relay", "somebody else");
    line.onclose?.({ reason: "wrong-relay: somebody else", error });
    assert.deepEqual(await finding, { isProved: false, reason: "somebody else", notes: [] });
  });

  it("does not wait for ever", async () => {
    const { line, clock, finding } = visit();
    line.onopen?.();
    clock.advance(10_000);
    const { isProved, reason } = await finding;
    assert.deepEqual([isProved, reason], [true, "the relay does not answer the request"]);
  });
});
