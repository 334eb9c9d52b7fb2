/**
 * To be imported before `@nostr-relay/common`, which requires a `@noble/hashes/sha256` that it does
 * not declare, and that our newer version of that package does not have. Here it gets the one that
 * its `@noble/curves` brings along.
 */

import Module, { createRequire } from "node:module";

const PHANTOM = "@noble/hashes/sha256";

// No public hook sees require() in Node 20.
const resolver = Module as unknown as {
  _resolveFilename(request: string, ...others: readonly unknown[]): string;
};
const resolve = resolver._resolveFilename;
const curves = createRequire(createRequire(import.meta.url).resolve("@noble/curves/secp256k1"));
const found = curves.resolve(PHANTOM);

resolver._resolveFilename = function (request, ...others) {
  return request === PHANTOM ? found : resolve.call(this, request, ...others);
};
