/** HTML from templates: whatever is put into one is text, unless a template made it. */

/** Markup that may go to a browser as it is. Made by {@link html} alone. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static of(strings: readonly string[], values: readonly Content[]): Html {
    return new Html(strings.map((part, i) => part + write(values[i])).join(""));
  }

  /** For the output of a library whose input is ours. */
  static trusted(text: string): Html {
    return new Html(text);
  }

  toString(): string {
    return this.#text;
  }
}

export type Content = string | number | Html | undefined | false | readonly Content[];

/** Also right inside of quoted attributes; `undefined` and `false` leave nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return Html.of(strings, values);
}

function write(value: Content): string {
  if (value === undefined || value === false) return "";
  if (typeof value === "object") {
    return value instanceof Html ? value.toString() : value.map(write).join("");
  }
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
