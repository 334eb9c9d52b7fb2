import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import {
  createPrivateFile,
  readPrivateFile,
  replacePrivateFile,
} from "../../../src/server/keys/private-file.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "npubwire-private-"));
  file = join(folder, "new", "file");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("private files", () => {
  it("are created once, replaced whole, and leave no drafts", () => {
    assert.equal(readPrivateFile(file, 10), undefined);
    assert.equal(createPrivateFile(file, "first"), true);
    assert.equal(createPrivateFile(file, "second"), false);
    assert.equal(readFileSync(file, "utf8"), "first");
    replacePrivateFile(file, "third");
    assert.equal(readPrivateFile(file, 10), "third");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, "new")).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(join(folder, "new")), ["file"]);
  });

  it("are mode 0600 after a replacement, whatever they were before", () => {
    createPrivateFile(file, "first");
    chmodSync(file, 0o644);
    assert.throws(() => readPrivateFile(file, 10), { message: /can be read or changed by others/ });
    replacePrivateFile(file, "second");
    assert.equal(readPrivateFile(file, 10), "second");
  });

  it("are not read where they are too large or no files", () => {
    createPrivateFile(file, "12345678901");
    assert.throws(() => readPrivateFile(file, 10), { message: "is too large" });
    mkdirSync(join(folder, "folder"), { mode: 0o700 });
    assert.throws(() => readPrivateFile(join(folder, "folder"), 10), { message: "is not a file" });
  });

  it("that cannot be written say so and leave what was there", () => {
    mkdirSync(join(file, "in the way"), { recursive: true });
    assert.throws(() => replacePrivateFile(file, "x"), {
      name: "PrivateFileError",
      message: /^cannot be written: /,
    });
    assert.deepEqual(readdirSync(join(folder, "new")), ["file"]);
  });
});
