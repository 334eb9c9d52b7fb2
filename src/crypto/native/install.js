/**
 * Compiles aes-gcm.c and hkdf.c when the package is installed. Where that does not work nothing is
 * broken: node:crypto does the same, and takes longer. `npm rebuild npubwire` tries again.
 */

import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const { npm_node_execpath: node = process.execPath, npm_config_node_gyp: gyp } = process.env;

const { status, error, stdout, stderr } = gyp
  ? spawnSync(node, [gyp, "rebuild"], { cwd: folder, encoding: "utf8" })
  : {
      status: null,
      error: new Error("npm has not said where node-gyp is"),
      stdout: "",
      stderr: "",
    };

if (status === 0) {
  rmSync(`${folder}build.log`, { force: true });
} else {
  rmSync(`${folder}build`, { recursive: true, force: true });
  writeFileSync(`${folder}build.log`, `${error ?? ""}\n${stdout}\n${stderr}`);
  console.warn(
    "npubwire: its native part was not built, so frames cost some microseconds more. " +
      "It needs a C compiler, make and Python; src/crypto/native/build.log says what was missing.",
  );
}
