/** What `must-fail.json` holds: one scenario for every way in which a check can fail. */

import { ADDRESS, authEvent, CLIENT, FIRST_HANDSHAKE } from "./frames.ts";
import { TIME } from "./handshake.ts";
import { firstFrame, later } from "./must-fail/frames.ts";
import { first } from "./must-fail/identity.ts";
import { opening } from "./must-fail/opening.ts";
import type { Scenario } from "./must-fail/scenario.ts";
import { hex } from "./reference.ts";

const DESCRIPTION = {
  about:
    "Inputs that must fail, each with its failure class (SPEC, section 14.1). After a failure every further call must fail too, but for the class auth-event.",
  client:
    "The client of all scenarios: its secret scalar, the address that it dials, its clock, the event that it signs in the first handshake, and the longest message that it takes.",
  first:
    "Frame 0 towards the relay and towards the client, for the first handshake of handshake.json.",
  fed: "The end that gets the input.",
  at: "opening: the relay gets the offer, or the client gets the input as its first WebSocket message, after the subprotocol (npubwire.1 unless given). before first: the client has opened message 2 and not yet sent frame 0. first: the handshake is done and the input comes in place of the peer's frame 0; the client has sent its own. later: the frame 0 of 'first' was accepted, then all of 'accepted'.",
  handshake: "The fed end's own handshake in handshake.json: its keys, its ephemeral, its hello.",
  clock: "Unix seconds at the fed end; client.clock where it is missing.",
  event: "What the first frame carries, for tests of the event alone.",
  "accepted, input":
    "Binary WebSocket messages in hex; {repeat, times} for long ones; {text} for a text message; {end} for the end of the connection without a close frame; {n, frame}: a frame that comes when n frames have come before it. All of 'accepted' must be taken, and the input must fail.",
  class:
    "The failure class. ANON where a key is required is filed as auth-event: it is answered like one.",
};

export function mustFailFile(): Readonly<Record<string, unknown>> {
  return {
    description: DESCRIPTION,
    client: {
      secret: hex(CLIENT),
      address: ADDRESS,
      clock: TIME,
      event: authEvent(FIRST_HANDSHAKE),
      max_message: 4_194_304,
    },
    first: { relay: hex(firstFrame("relay")), client: hex(firstFrame("client")) },
    scenarios: mustFail(),
  };
}

function mustFail(): readonly Scenario[] {
  return [...opening(), ...first(), ...later("relay"), ...later("client")];
}
