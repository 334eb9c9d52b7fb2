/** The rules of NIP-01 over real sockets: encrypted and plain, the same suite and the same answers. */

import { after } from "node:test";
import { secureWebSocket } from "../../src/client.ts";
import { CONFORMANCE_LIMITS } from "../relay/conformance/session.ts";
import { conformance } from "../relay/conformance.ts";
import { bareClient } from "./client.ts";
import { testRelay } from "./setup.ts";

const config = {
  auth: "optional",
  plaintext: "loopback",
  limits: { ...CONFORMANCE_LIMITS },
};

const secure = await testRelay({ after }, { config });
conformance("secure channels on sockets", () => bareClient(secure.address, secureWebSocket()));

const plain = await testRelay({ after }, { config });
conformance("plain channels on sockets", () => bareClient(plain.url));
