/** The NIP-11 document of this very relay: its configuration, and what administrators made of it. */

import type { Rulings } from "../../moderation.ts";
import type { PublicKey } from "../../nostr/key.ts";
import { restrictsWrites, takesRelayLists } from "../../policy/access.ts";
import { amend } from "../../policy/moderation.ts";
import {
  type Information,
  type InformationSettings,
  information,
} from "../../relay/information.ts";
import type { RelayConfig } from "../config.ts";
import { SOFTWARE, VERSION } from "../version.ts";

/** The document as it stands whenever it is asked for. */
export function informationDocument(
  config: RelayConfig,
  self: PublicKey,
  rulings: Rulings,
): () => Information {
  let revision = rulings.revision;
  let document = compose(config, self, rulings);
  return () => {
    if (revision !== rulings.revision) document = compose(config, self, rulings);
    revision = rulings.revision;
    return document;
  };
}

function compose(config: RelayConfig, self: PublicKey, rulings: Rulings): Information {
  const access = amend(config.access, rulings);
  return information({
    settings: informationSettings(config, rulings),
    self,
    limits: config.limits,
    auth: config.auth,
    search: config.search,
    eoseHints: config.eoseHints,
    restrictsWrites: restrictsWrites(access),
    takesRelayLists: takesRelayLists(access),
    hasMembers: config.membership.enabled,
    isManaged: config.administrators.length > 0,
    software: SOFTWARE,
    version: VERSION,
  });
}

/** NIP-11 names fields in snake case, and an empty text says nothing. */
function informationSettings(
  { information: settings }: RelayConfig,
  rulings: Rulings,
): InformationSettings {
  const changed = rulings.entries("information").map(({ subject, note }) => [subject, note]);
  const current = { ...settings, ...(Object.fromEntries(changed) as Partial<typeof settings>) };
  const { name, description, termsOfService, hidden: _, ...others } = current;
  const given = Object.entries({ ...others, terms_of_service: termsOfService });
  return { name, description, ...Object.fromEntries(given.filter(([, value]) => value !== "")) };
}
