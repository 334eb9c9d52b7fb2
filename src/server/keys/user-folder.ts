/** Where npubwire keeps what belongs to the person and not to a relay: known relays, the gateway. */

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Environment } from "./relay-key.ts";

/**
 * `$NPUBWIRE_HOME`, else `npubwire` in `$XDG_CONFIG_HOME` (XDG Base Directory Specification: relative
 * paths do not count), else in `~/.config`.
 */
export function userFolder(environment: Environment, home: string = homedir()): string {
  const own = environment["NPUBWIRE_HOME"];
  if (own !== undefined && own !== "") return own;
  const xdg = environment["XDG_CONFIG_HOME"];
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, ".config"), "npubwire");
}
