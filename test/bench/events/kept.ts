/**
 * What takes long to make and is kept for the next run: signed events, filled databases. It can be
 * deleted at any time.
 */

import { join } from "node:path";

export function keptFolder(data: string): string {
  return join(data, "npubwire-bench");
}
