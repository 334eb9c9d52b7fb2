import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { getPriority } from "node:os";
import { pid, platform } from "node:process";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { createNodeCrypto } from "../../src/crypto/node.ts";
import { VerifyPool, type VerifyPoolOptions } from "../../src/crypto/verify-pool.ts";

const crypto = createNodeCrypto();
const { secretKey, publicKey } = crypto.secp256k1x.generateKeyPair();

describe("a pool of threads that verify", () => {
  it("answers each signature for itself, however many there are", async (t) => {
    const { pool, here } = open(t, { threads: 2 });
    for (const count of [2, 63, 64, 65, 300]) {
      const cases = signatures(count, (i) => i % 3 !== 1);
      const answers = await Promise.all(cases.map((each) => pool.verify(...each.args)));
      assert.deepEqual(
        answers,
        cases.map(({ isValid }) => isValid),
      );
    }
    assert.ok(here.count < 494, "the threads did some of it");
  });

  it("answers false to wrong lengths", async (t) => {
    const { pool, here } = open(t, { threads: 1 });
    const [signature, message, key] = signatures(1)[0]?.args ?? assert.fail();
    const long = new Uint8Array(65);
    assert.equal(await pool.verify(long, message, key), false);
    assert.equal(await pool.verify(signature, long, key), false);
    assert.equal(await pool.verify(signature, message, long), false);
    assert.equal(here.count, 0);
  });

  it("leaves a lone signature to the caller's thread, and several to its own", async (t) => {
    const { pool, here } = open(t, { threads: 1 });
    const [first, ...others] = signatures(4);
    assert.equal(await pool.verify(...(first ?? assert.fail()).args), true);
    assert.equal(here.count, 1);
    await Promise.all(others.map((each) => pool.verify(...each.args)));
    assert.equal(here.count, 1);
  });

  it("queues nothing: what finds every thread busy is verified here", async (t) => {
    const { pool, here } = open(t, { threads: 1, program: program("idle") });
    const stuck: Promise<boolean[]>[] = [];
    for (const count of [2, 2]) {
      stuck.push(tick(pool, count));
      await Promise.resolve(); // the end of a tick
    }
    assert.equal(here.count, 0);
    assert.deepEqual(await tick(pool, 5), Array(5).fill(true));
    assert.equal(here.count, 5);
    await pool.close();
    assert.deepEqual((await Promise.all(stuck)).flat(), Array(4).fill(true));
  });

  it("verifies everything here without threads", async (t) => {
    const { pool, here } = open(t, { threads: 0 });
    assert.deepEqual(await tick(pool, 100), Array(100).fill(true));
    assert.equal(here.count, 100);
  });
});

describe("a thread that verifies", () => {
  it("lets the others go first", { skip: platform !== "linux" }, async (t) => {
    const own = getPriority(pid); // on Linux every thread has an id, the first one the process's
    const before = await readdir("/proc/self/task");
    const { pool } = open(t, { threads: 1 });
    await tick(pool, 2); // answered by the thread
    const added = (await readdir("/proc/self/task")).filter((id) => !before.includes(id));
    assert.ok(added.map((id) => getPriority(Number(id))).includes(Math.min(own + 10, 19)));
    assert.equal(getPriority(pid), own, "not the caller's");
  });
});

describe("a thread that ends unasked", () => {
  it("leaves its work to the caller's thread, and has no successor if it never worked", async (t) => {
    const { pool, here, lost } = open(t, { threads: 1, program: program("broken") });
    assert.deepEqual(await tick(pool, 3), [true, true, true]);
    assert.equal(here.count, 3);
    assert.match(String(lost), /broken on purpose/);
    assert.deepEqual(await tick(pool, 3), [true, true, true]);
    assert.equal(here.count, 6);
    assert.equal(lost.length, 1);
  });

  it("is replaced if it has worked", async (t) => {
    const { pool, here, lost } = open(t, { threads: 1, program: program("mortal") });
    for (let life = 1; life <= 3; life++) {
      await tick(pool, 3); // answered by the thread
      assert.equal(here.count, 2 * (life - 1));
      assert.deepEqual(await tick(pool, 2), [true, true]);
      assert.equal(here.count, 2 * life);
      assert.equal(lost.length, life);
    }
  });
});

describe("closing a pool", () => {
  it("answers what is under way, and whatever comes afterwards", async (t) => {
    const { pool, lost } = open(t, { threads: 2 });
    const under = tick(pool, 64);
    await pool.close();
    assert.deepEqual(await under, Array(64).fill(true));
    assert.deepEqual(await tick(pool, 3), [true, true, true]);
    assert.equal(lost.length, 0);
  });

  it("is not needed for a process to end, though not before the answers", async () => {
    const [{ args } = assert.fail()] = signatures(1);
    const script = `
      const { VerifyPool } = await import(${JSON.stringify(url("../../src/crypto/verify-pool.js"))});
      const verify = () => { throw new Error("verified here"); };
      const pool = new VerifyPool({ threads: 1, verify, lost: verify });
      const args = ${JSON.stringify(args.map((bytes) => [...bytes]))}.map((bytes) => Uint8Array.from(bytes));
      const answers = await Promise.all([pool.verify(...args), pool.verify(...args)]);
      console.log(answers.join());`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--input-type=module",
      "--eval",
      script,
    ]);
    assert.equal(stdout.trim(), "true,true");
  });
});

function open(t: TestContext, options: Pick<VerifyPoolOptions, "threads" | "program">) {
  const here = { count: 0 };
  const lost: unknown[] = [];
  const pool = new VerifyPool({
    ...options,
    verify(...args) {
      here.count += 1;
      return crypto.verifySchnorr(...args);
    },
    lost: (error) => lost.push(error),
  });
  t.after(() => pool.close());
  return { pool, here, lost };
}

/** So many signatures, all in one tick. */
function tick(pool: VerifyPool, count: number): Promise<boolean[]> {
  return Promise.all(signatures(count).map(({ args }) => pool.verify(...args)));
}

function signatures(count: number, isValid: (i: number) => boolean = () => true) {
  return Array.from({ length: count }, (_, i) => {
    const message = crypto.sha256(Uint8Array.of(i >> 8, i));
    const signature = crypto.signSchnorr(message, secretKey);
    if (!isValid(i)) signature[i % 64] = (signature[i % 64] ?? 0) ^ 1;
    return { args: [signature, message, publicKey] as const, isValid: isValid(i) };
  });
}

function program(name: string): URL {
  return new URL(url(`threads/${name}.js`));
}

function url(path: string): string {
  return new URL(path, import.meta.url).href;
}
