/** `npubwire forget`: a relay that has a new key may be known by it. */

import type { Command } from "commander";
import { parsePlace } from "../server/dial/known-relays.ts";
import { EXIT, Failure } from "./failure.ts";
import type { CliParts } from "./parts.ts";

const HELP = `
Which key has proved itself where is remembered in known_relays, in the folder NPUBWIRE_HOME (by
default npubwire in $XDG_CONFIG_HOME or ~/.config). A relay that has another key than before is not
dialled, until you have asked those who run it, and say so with this command.

Example:
  $ npubwire forget relay.example.com:7777
`;

export function addForgetCommand(root: Command, parts: CliParts): void {
  root
    .command("forget")
    .description("forget which key a relay has proved, because it has a new one")
    .argument("<place>", "where the relay is: host:port, with the path if it has one")
    .addHelpText("after", HELP)
    .action((place: string) => forget(place, parts));
}

function forget(place: string, { knownRelays, out }: CliParts): void {
  const known = parsePlace(place);
  if (!known.ok) throw new Failure(EXIT.usage, known.reason);
  if (!knownRelays.forget(known.value)) {
    throw new Failure(EXIT.failed, `no relay is known at ${known.value}`);
  }
  out(`Forgotten. The key that ${known.value} proves next will be remembered.\n`);
}
