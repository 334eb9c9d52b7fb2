/**
 * Compiles the C in this folder when the package is installed, each file for itself. Where one does
 * not compile nothing is broken: something else does the same, and takes longer. `npm run install`
 * tries again in a clone, `npm rebuild npubwire` elsewhere.
 */

import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const { npm_node_execpath: node = process.execPath, npm_config_node_gyp: gyp } = process.env;
const require = createRequire(import.meta.url);

rmSync(`${folder}build`, { recursive: true, force: true });
const log = gyp ? build(gyp) : "npm has not said where node-gyp is";
const missing = ["aes_gcm", "hkdf", "secp256k1"].filter((part) => !loads(part));

if (missing.length === 0) {
  rmSync(`${folder}build.log`, { force: true });
} else {
  writeFileSync(`${folder}build.log`, log);
  console.warn(missing.join() === "secp256k1" ? withoutLibrary() : withoutCompiler());
}

function build(gyp) {
  // One file that does not compile must not cost us the others.
  const env = { ...process.env, MAKEFLAGS: "--keep-going" };
  const options = { cwd: folder, env, encoding: "utf8" };
  const { error, stdout, stderr } = spawnSync(node, [gyp, "rebuild"], options);
  return `${error ?? ""}\n${stdout}\n${stderr}`;
}

function loads(part) {
  try {
    return Boolean(require(`./build/Release/${part}.node`));
  } catch {
    return false;
  }
}

function withoutLibrary() {
  return (
    "npubwire: libsecp256k1 was not found, or is older than its compiler allows, so signatures and " +
    "handshakes take half as long again. Debian and Ubuntu have it as libsecp256k1-dev, Homebrew as " +
    "secp256k1; then run `npm rebuild npubwire`, or in a clone `npm run install`."
  );
}

function withoutCompiler() {
  return (
    "npubwire: its native part was not built, so frames cost some microseconds more. " +
    "It needs a C compiler, make and Python; src/crypto/native/build.log says what was missing."
  );
}
