/** The command line as a whole: the commands, and how their outcomes become exit codes. */

import { Command, CommanderError } from "commander";
import { ConfigError } from "../server/config.ts";
import { KnownRelaysError } from "../server/dial/known-relays.ts";
import { KeyError } from "../server/keys/key-file.ts";
import { printable } from "../server/log.ts";
import { addExportCommand } from "./export.ts";
import { EXIT, type ExitCode, Failure } from "./failure.ts";
import { addForgetCommand } from "./forget.ts";
import { addGatewayCommand } from "./gateway.ts";
import { addImportCommand } from "./import.ts";
import { addInviteCommand } from "./invite.ts";
import { addKeyCommand } from "./key.ts";
import { addManageCommand } from "./manage.ts";
import { type CliParts, OUTPUT_CLOSED } from "./parts.ts";
import { addPublishCommand } from "./publish.ts";
import { addRelayCommand } from "./relay.ts";
import { addReqCommand } from "./req.ts";
import { addSidecarCommand } from "./sidecar.ts";

const HELP = `
Examples:
  $ npubwire relay --port 7777
  $ npubwire sidecar --upstream ws://127.0.0.1:7777 --port 7447
  $ npubwire publish "Hello" --relay nostr+ws://npub1…@localhost:7777
  $ npubwire req --kind 1 --limit 10 --relay nostr+ws://npub1…@localhost:7777
  $ npubwire export > backup.jsonl && npubwire import --data ./other < backup.jsonl

Exit codes:
  0  fine
  1  something was refused or did not work
  2  the command line, the configuration or a key file is wrong
  3  the relay could not be reached, did not prove its key, has another key than before, or was lost
`;

/** Runs one command. `args` are the words after the program's name. Never throws. */
export async function run(args: readonly string[], parts: CliParts): Promise<ExitCode> {
  try {
    await program(parts).parseAsync([...args], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (parts.stop.reason === OUTPUT_CLOSED) return EXIT.ok;
    // Commander has written its own words, help or complaint, already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const failure = asFailure(error);
    parts.err(`npubwire: ${failure.message}\n`);
    if (failure.advice !== undefined) parts.err(`${failure.advice}\n`);
    return failure.exitCode;
  }
}

function program(parts: CliParts): Command {
  const root = new Command("npubwire")
    .description("An encrypted Nostr relay whose clients know it by its npub, and tools to use it.")
    .version(parts.version)
    .exitOverride()
    .configureOutput({ writeOut: parts.out, writeErr: parts.err })
    .showHelpAfterError("(add --help for what is possible)")
    .addHelpText("after", HELP);
  addRelayCommand(root, parts);
  addSidecarCommand(root, parts);
  addKeyCommand(root, parts);
  addInviteCommand(root, parts);
  addManageCommand(root, parts);
  addPublishCommand(root, parts);
  addReqCommand(root, parts);
  addForgetCommand(root, parts);
  addGatewayCommand(root, parts);
  addImportCommand(root, parts);
  addExportCommand(root, parts);
  return root;
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof ConfigError) {
    const lines = [error.file ?? "the configuration cannot be used", ...error.problems];
    return new Failure(EXIT.usage, lines.map(printable).join("\n  "), error.advice);
  }
  if (error instanceof KnownRelaysError) {
    const exitCode = error.code === "key-changed" ? EXIT.unreachable : EXIT.usage;
    return new Failure(exitCode, printableLines(error.message), printableLines(error.advice));
  }
  if (error instanceof KeyError) return new Failure(EXIT.usage, printable(error.message));
  const message = error instanceof Error ? error.message : String(error);
  return new Failure(EXIT.failed, printable(message));
}

function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
