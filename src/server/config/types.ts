/**
 * What a setting of `relay.config.json` may be. Every error text here continues the sentence
 * "expected …" (problems.ts).
 */

import { z } from "zod";
import { type PublicKey, parsePublicKey } from "../../nostr/key.ts";
import type { Who } from "../../policy/access.ts";
import { isKindRange, type KindRange } from "../../policy/kinds.ts";

/** A setting that may be left out. */
type Setting<Value, Input> = z.ZodType<Value, Input | undefined>;

export const A_KEY = "an npub or 64 hex digits";

export function group<Shape extends z.core.$ZodShape>(
  shape: Shape,
  description: string,
): z.ZodPrefault<z.ZodObject<Shape, z.core.$strict>> {
  const error = `an object with the settings ${Object.keys(shape).join(", ")}`;
  // Parsing fills in the defaults of what is inside, as if the file held an empty object here.
  const nothing = {} as z.input<z.ZodObject<Shape, z.core.$strict>>;
  return z
    .strictObject(shape, { error })
    .prefault(() => nothing)
    .describe(description);
}

export function whoList(those: readonly Who[] = ["everybody"]): Setting<Who[], string[]> {
  const who = publicKey(
    'an npub, 64 hex digits, "everybody", "members" or "webOfTrust"',
    "everybody",
    "members",
    "webOfTrust",
  );
  return z.array(who, { error: "a list of npubs and words" }).default(() => [...those]);
}

export function keyList(): Setting<PublicKey[], string[]> {
  return z.array(publicKey(A_KEY), { error: "a list of npubs" }).default([]);
}

export function kindList(...all: readonly string[]): Setting<KindRange[], KindRange[]> {
  const error = 'a kind from 0 to 65535 or a range such as "30000-39999"';
  const range = z.union([z.number(), z.string()], { error }).refine(isKindRange, { error });
  return z.array(range, { error: "a list of kinds" }).default([...all]);
}

export function yesOrNo(): z.ZodBoolean {
  return z.boolean({ error: "true or false" });
}

export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodInt {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const error = `a whole number ${range}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function choice<const Word extends string>(
  ...words: readonly Word[]
): z.ZodEnum<{ [W in Word]: W }> {
  const quoted = words.map((word) => `"${word}"`);
  return z.enum(words, { error: `one of ${quoted.join(", ")}` });
}

export function text(error: string, is: (value: string) => boolean): z.ZodString {
  return z.string({ error }).refine(is, { error });
}

export function anyText(): z.ZodString {
  return z.string({ error: "a text" });
}

/** A public key in any spelling, or one of the words in its place. */
export function publicKey<const Word extends string = never>(
  error: string,
  ...words: readonly Word[]
): z.ZodType<PublicKey | Word, string> {
  return z.string({ error }).transform((value, context) => {
    const word = words.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    const key = parsePublicKey(value);
    if (key.ok) return key.value;
    context.addIssue({ code: "custom", message: error });
    return z.NEVER;
  });
}
