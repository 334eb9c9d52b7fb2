/** `npubwire export`: the relay's events on standard output, one a line, for backups and moves. */

import { type Command, InvalidArgumentError } from "commander";
import { type Filter, parseFilter } from "../nostr/filter.ts";
import { loadConfig } from "../server/config.ts";
import { EXIT, Failure } from "./failure.ts";
import { parseCount, parseJsonArgument } from "./filter-option.ts";
import type { CliParts } from "./parts.ts";
import { patiently } from "./patience.ts";
import { escapeControls } from "./terminal.ts";

interface ExportFlags {
  readonly config?: string;
  readonly data?: string;
  readonly filter?: readonly Filter[];
  readonly since?: number;
  readonly until?: number;
  readonly reverse?: true;
}

const HELP = `
Everything that is stored is printed, one JSON object a line, oldest first: also what the relay
hides from its clients, so keep the output as safe as the database. The relay may be running; what
it stores meanwhile may be missing. Exported, imported and exported again, it is the same text.

Examples:
  $ npubwire export --data ./data | gzip > backup.jsonl.gz
  $ npubwire export --reverse --since 1735689600 --filter '{"kinds":[1],"authors":["<hex>"]}'
  $ npubwire export --filter '[{"kinds":[0]},{"#t":["nostr"]}]' | jq .content
`;

const EVERYTHING: Filter = { tags: new Map() };

export function addExportCommand(root: Command, parts: CliParts): void {
  root
    .command("export")
    .description("print the stored events as JSON lines, oldest first")
    .option("--config <file>", "configuration file")
    .option("--data <folder>", "folder of the database and the key")
    .option("--filter <json>", "only what meets this filter, or any of a JSON list", parseFilters)
    .option("--since <time>", "not older than this unix time, in seconds", parseCount)
    .option("--until <time>", "not newer than this unix time, in seconds", parseCount)
    .option("--reverse", "newest first")
    .addHelpText("after", HELP)
    .action((flags: ExportFlags) => exportEvents(flags, parts));
}

async function exportEvents(flags: ExportFlags, parts: CliParts): Promise<void> {
  const config = loadConfig(flags.config, { data: flags.data });
  if (!parts.hasDatabase(config)) {
    throw new Failure(
      EXIT.usage,
      `there is no database in ${config.data}`,
      "Name the relay's folder with --data, or its configuration with --config.",
    );
  }
  const store = await patiently(parts.stop, () => parts.openDatabase(config));
  const order = flags.reverse ? "newest first" : "oldest first";
  const line = parts.terminal.out ? escapeControls : (json: string) => json;
  try {
    for await (const page of store.export(filtersOf(flags), order)) {
      parts.out(page.map((json) => `${line(json)}\n`).join(""));
      await parts.drained();
      if (parts.stop.aborted)
        throw new Failure(EXIT.failed, "stopped before everything was printed");
    }
  } finally {
    await store.close();
  }
}

/** `--since` and `--until` hold for every filter. */
function filtersOf({ filter: filters, since = 0, until }: ExportFlags): readonly Filter[] {
  const given = filters ?? [EVERYTHING];
  return given.map((filter) => {
    const bounds = [filter.until, until].filter((bound) => bound !== undefined);
    const narrowed = { ...filter, since: Math.max(since, filter.since ?? 0) };
    return bounds.length > 0 ? { ...narrowed, until: Math.min(...bounds) } : narrowed;
  });
}

/** Repeated options add up. */
function parseFilters(text: string, filters: readonly Filter[] = []): readonly Filter[] {
  const value = parseJsonArgument(text);
  return [...filters, ...(Array.isArray(value) ? value : [value]).map(parseOne)];
}

function parseOne(value: unknown): Filter {
  const filter = parseFilter(value);
  if (!filter.ok) throw new InvalidArgumentError(`${filter.reason}.`);
  if (filter.value.limit === undefined) return filter.value;
  throw new InvalidArgumentError("A limit has no place here; --reverse | head gives the newest.");
}
