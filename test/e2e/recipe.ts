/**
 * The programs in `libraries/`, in processes of their own, so that what they do to the global
 * WebSocket and the timers that they leave behind concern nobody else.
 */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { buildSync } from "esbuild";
import type { Tap } from "./middleman.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const DEADLINE = 30_000;

/** A program as the README has it. */
export function recipe(name: string): string {
  return readFileSync(new URL(`libraries/${name}.js`, import.meta.url), "utf8");
}

/** The same for browsers, where a library's own `browser` field decides what it imports. */
export function bundled(program: string): string {
  const { outputFiles } = buildSync({
    stdin: { contents: program, resolveDir: ROOT },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    external: ["npubwire/client"],
  });
  return outputFiles[0]?.text ?? "";
}

/** The same without a word of npubwire: for use with a gateway. */
export function unmodified(program: string): string {
  const lines = program.split("\n").filter((line) => !line.includes("secureWebSocket"));
  return lines.join("\n");
}

/** What a program prints until its connection through `wire` is over; then it is killed. */
export async function run(
  program: string,
  env: Readonly<Record<string, string>>,
  wire: Tap,
): Promise<readonly string[]> {
  // Browsers and Node 22 have a WebSocket anyway.
  const flags = "WebSocket" in globalThis ? [] : ["--experimental-websocket"];
  const child = spawn(process.execPath, [...flags, "--no-warnings", "--input-type=module", "-"], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: DEADLINE,
    killSignal: "SIGKILL",
  });
  void wire.over().then(() => child.kill("SIGKILL"));
  child.stdin.end(program);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const idle = wire.open.size === 0 ? undefined : wire.over();
  wire.cut();
  await idle;
  const lines = out.split("\n").slice(0, -1);
  return err === "" ? lines : [...lines, err];
}
