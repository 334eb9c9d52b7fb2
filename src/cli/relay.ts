/** `npubwire relay`: runs a relay until it is told to stop. */

import type { Command } from "commander";
import type { CliParts } from "./parts.ts";
import { addServeOptions, type ServeFlags, serve } from "./serve.ts";

const HELP = `
Without --config, relay.config.json in the working directory is read, if it is there; every
setting has a default. The relay makes its key on first start and keeps it in its data folder.
Give people the address it prints: it holds the npub by which they know this relay and no other.

Examples:
  $ npubwire relay
  $ npubwire relay --host 127.0.0.1 --port 0 --data ./test-data --json
`;

export function addRelayCommand(root: Command, parts: CliParts): void {
  const command = root.command("relay").description("run an encrypted relay");
  addServeOptions(command, "the database and the key")
    .addHelpText("after", HELP)
    .action((flags: ServeFlags) =>
      serve(flags, parts, {
        name: "relay",
        start: (config, log) => parts.startRelay(config, { log }),
      }),
    );
}
