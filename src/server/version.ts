/** Who we are, for NIP-11 and `--version`: read from package.json, the one place that knows. */

import { createRequire } from "node:module";

const require: NodeJS.Require = createRequire(import.meta.url);
const { version, homepage } = require("../../../package.json") as {
  readonly version: string;
  readonly homepage?: string;
};

export const VERSION: string = version;
/** The project's page, if it has one. */
export const SOFTWARE: string | undefined = homepage;
