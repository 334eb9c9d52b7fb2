/** `npubwire sidecar`: an encrypted front for a relay that is there already. */

import type { Command } from "commander";
import type { CliParts } from "./parts.ts";
import { addServeOptions, type ServeFlags, serve } from "./serve.ts";

interface SidecarFlags extends ServeFlags {
  readonly upstream: string;
}

const HELP = `
The relay behind is left as it is, and should listen on 127.0.0.1 only. It learns each client's IP
address (X-Forwarded-For) and npub in hex (X-Npubwire-Pubkey) from the headers of the connection
that the sidecar opens for that client. Authentication ends here: what the relay behind wants
answered by AUTH remains closed.

Of the configuration, host, port, path, addresses, data, key, auth, access.connect, rates,
connections, handshake, trustedProxies, log, limits.maxMessageLength, limits.maxStallSeconds and
information.hidden count. Settings that only a relay could keep are refused.

Examples:
  $ npubwire sidecar --upstream ws://127.0.0.1:7777 --port 7447
  $ npubwire sidecar --upstream ws://127.0.0.1:7777 --config sidecar.config.json --qr
`;

export function addSidecarCommand(root: Command, parts: CliParts): void {
  const command = root
    .command("sidecar")
    .description("put encryption in front of any relay")
    .requiredOption("--upstream <url>", "the relay behind, such as ws://127.0.0.1:7777");
  addServeOptions(command, "the key")
    .addHelpText("after", HELP)
    .action((flags: SidecarFlags) =>
      serve(flags, parts, {
        name: "sidecar",
        start: (config, log) => parts.startSidecar(config, { upstream: flags.upstream, log }),
      }),
    );
}
