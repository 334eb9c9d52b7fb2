/**
 * One run of a plugin's command: a line with an event in, a line with the answer out, one at a
 * time. Whatever goes wrong ends the run for good, with everything that it has started.
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { EventId } from "../../nostr/key.ts";
import { malformed, type Parsed } from "../../nostr/parsed.ts";
import { type Answer, parseAnswer } from "./answer.ts";
import { Lines } from "./lines.ts";

export interface PluginProcessParts {
  /** For `sh -c`. */
  readonly command: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds in which a question must be taken, and again those in which it is answered. */
  readonly timeout: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Bytes of an answer, as strfry has it. */
const MAX_ANSWER = 8_192;
/** Lines that are no JSON, from one answer to the next. */
const MAX_SKIPPED = 100;
/** Bytes of a plugin's line that reach the log. */
const MAX_LOGGED = 1_024;
/** Milliseconds from SIGTERM to SIGKILL. */
const GRACE = 2_000;

interface Question {
  readonly id: EventId;
  readonly answer: (answer: Parsed<Answer>) => void;
}

export class PluginProcess {
  readonly #parts: PluginProcessParts;
  /** Without streams where the system had no more file descriptors to give. */
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #question: Question | undefined;
  #cancelDeadline: () => void = () => {};
  #skipped = 0;
  #isEnding = false;

  constructor(parts: PluginProcessParts) {
    const { command, environment: env, log } = parts;
    this.#parts = parts;
    // In a group of its own, so that signals reach what the shell starts, and Ctrl-C does not.
    this.#child = spawn("sh", ["-c", command], { env, detached: true });
    const { stdin, stdout, stderr } = this.#child;
    this.#gone = new Promise((resolve) => {
      this.#child.once("close", () => resolve());
      this.#child.once("error", (error) => {
        this.#fail(`cannot be run: ${error.message}`);
        if (this.#child.pid === undefined) resolve();
      });
    });
    const answers = new Lines(MAX_ANSWER, (line, isWhole) => this.#hear(line, isWhole));
    const remarks = new Lines(MAX_LOGGED, (line) => log("info", "write policy plugin", { line }));
    stdin?.on("error", () => this.#fail("reads no more"));
    stdout?.on("data", (chunk: Buffer) => answers.push(chunk));
    stdout?.once("end", () => this.#fail("has ended"));
    stderr?.on("data", (chunk: Buffer) => remarks.push(chunk));
    stderr?.once("end", () => remarks.end());
    for (const stream of [stdout, stderr]) stream?.on("error", () => this.#fail("cannot be heard"));
  }

  get isAlive(): boolean {
    return !this.#isEnding;
  }

  /**
   * Asks about an event; `request` is a line with its line feed. Resolves with the reason when no
   * answer can come, never rejects. One question at a time.
   */
  ask(request: string, id: EventId): Promise<Parsed<Answer>> {
    if (this.#isEnding) return Promise.resolve(malformed("has ended"));
    return new Promise((answer) => {
      const question = { id, answer };
      this.#question = question;
      this.#setDeadline("does not take the event");
      this.#child.stdin?.write(request, (error) => {
        if (error) this.#fail("reads no more");
        else if (this.#question === question) this.#setDeadline("does not answer");
      });
    });
  }

  /** SIGTERM, and after a grace SIGKILL. Resolves when the process is gone. */
  end(): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.#settle(malformed("was ended"));
      const { stdin, stdout, stderr } = this.#child;
      this.#signal("SIGTERM");
      stdin?.destroy();
      const cancel = this.#parts.clock.after(GRACE, () => {
        this.#signal("SIGKILL");
        // What has left the group may hold these open for ever.
        for (const stream of [stdout, stderr]) stream?.destroy();
      });
      void this.#gone.then(cancel);
    }
    return this.#gone;
  }

  #hear(line: string, isWhole: boolean): void {
    if (this.#isEnding) return;
    const value = isWhole ? parseJson(line) : undefined;
    if (!isWhole) this.#fail(`answered with more than ${MAX_ANSWER} bytes`);
    else if (value === undefined) this.#skip(line);
    else if (this.#question === undefined) this.#fail("spoke without being asked");
    else {
      const answer = parseAnswer(value, this.#question.id);
      if (answer.ok) this.#settle(answer);
      else this.#fail(answer.reason);
    }
  }

  #skip(line: string): void {
    this.#skipped += 1;
    if (this.#skipped > MAX_SKIPPED) {
      this.#fail("writes lines that are no JSON");
      return;
    }
    const beginning = line.slice(0, MAX_LOGGED);
    this.#parts.log("warn", "write policy plugin wrote no JSON", { line: beginning });
  }

  #setDeadline(reason: string): void {
    const { clock, timeout } = this.#parts;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.after(timeout, () => this.#fail(`${reason} in ${timeout} ms`));
  }

  #fail(reason: string): void {
    if (this.#isEnding) return;
    this.#parts.log("error", "write policy plugin failed", { reason });
    this.#settle(malformed(reason));
    void this.end();
  }

  #settle(answer: Parsed<Answer>): void {
    this.#cancelDeadline();
    this.#question?.answer(answer);
    this.#question = undefined;
    this.#skipped = 0;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  }
}

/** `undefined`, which JSON cannot say, for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
