#!/usr/bin/env node
// A write policy that does what the event's content says, mostly wrong. It reads lines as most
// plugins in JavaScript do.

import { closeSync } from "node:fs";
import { createInterface } from "node:readline";

const say = (text) => process.stdout.write(text);

const acts = {
  accept: ({ id }) => say(answer(id, "accept")),
  reject: ({ id }) => say(answer(id, "reject", { msg: "blocked: as you wish" })),
  "no words": ({ id }) => say(answer(id, "reject")),
  echo: ({ id }, request) =>
    say(answer(id, "reject", { msg: `blocked: ${JSON.stringify(request)}` })),
  shadow: ({ id }) => say(answer(id, "shadowReject", { msg: "thank you" })),
  environment: ({ id, tags: [[name]] }) =>
    say(answer(id, "reject", { msg: `blocked: ${process.env[name]}` })),
  pid: ({ id }) => say(answer(id, "reject", { msg: `blocked: ${process.pid}` })),

  exit: () => process.exit(3),
  kill: () => process.kill(process.pid, "SIGKILL"),
  "close stdout": () => closeSync(1),
  hang: () => process.stderr.write("hanging\n"),
  "ignore SIGTERM": () => {
    process.on("SIGTERM", () => process.stderr.write("not me\n"));
    setInterval(() => {}, 60_000); // and not the end of its input either
    process.stderr.write("hanging\n");
  },
  oversized: ({ id }) => say(answer(id, "accept", { junk: "A".repeat(8_192) })),
  endless: () => say("A".repeat(100_000)),
  "wrong id": () => say(answer("0".repeat(64), "accept")),
  "no id": () => say('{"action":"accept"}\n'),
  "unknown action": ({ id }) => say(answer(id, "maybe")),
  "no action": ({ id }) => say(`${JSON.stringify({ id })}\n`),
  "odd message": ({ id }) => say(answer(id, "reject", { msg: 1 })),
  "not an object": () => say("[]\n"),
  chatter: ({ id }) => say("{\n".repeat(101) + answer(id, "accept")),

  junk: ({ id }) => say(`\nSOME JUNK\n${answer(id, "accept")}MORE JUNK\n`),
  partial: ({ id }) => {
    const line = answer(id, "accept");
    say(line.slice(0, 20));
    setTimeout(() => say(line.slice(20)), 20);
  },
  twice: ({ id }) => say(answer(id, "accept").repeat(2)),
  "last words": ({ id }) => process.stdout.write(answer(id, "accept"), () => process.exit(0)),
  noise: ({ id }) => {
    process.stderr.write(`about ${id}\n${"long ".repeat(1_000)}\n`, () =>
      say(answer(id, "accept")),
    );
  },
  // Answers whether another event came while this one was being judged.
  alone: ({ id }) => {
    const before = received;
    setTimeout(() => say(answer(id, received === before ? "accept" : "crowded")), 2);
  },
};

let received = 0;

createInterface({ input: process.stdin }).on("line", (line) => {
  received += 1;
  const request = JSON.parse(line);
  const { content } = request.event;
  (acts[content] ?? acts.accept)(request.event, request);
});

function answer(id, action, others = {}) {
  return `${JSON.stringify({ id, action, ...others })}\n`;
}
