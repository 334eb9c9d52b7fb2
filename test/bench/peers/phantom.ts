/**
 * `@nostr-relay/common` requires `@noble/hashes/sha256`, which it does not declare and which our
 * newer version of that package no longer has. Here it gets the version that its own `@noble/curves`
 * brings along.
 */

import Module, { createRequire } from "node:module";

const PHANTOM = "@noble/hashes/sha256";

interface Resolver {
  _resolveFilename(request: string, ...others: readonly unknown[]): string;
}

/** Call before the first import of the package. */
export function resolvePhantom(): void {
  // No public hook sees require() in Node 20.
  const resolver = Module as unknown as Resolver;
  const resolve = resolver._resolveFilename;
  const curves = createRequire(createRequire(import.meta.url).resolve("@noble/curves/secp256k1"));
  const found = curves.resolve(PHANTOM);
  resolver._resolveFilename = function (request, ...others) {
    return request === PHANTOM ? found : resolve.call(this, request, ...others);
  };
}
