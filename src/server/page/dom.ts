/** The few parts of a browser's document that the page's script touches, so that no `dom` library is needed. */

export interface PageElement {
  textContent: string | null;
  hidden: boolean;
  className: string;
  disabled: boolean;
  /** Of inputs. */
  value: string;
  readonly dataset: Record<string, string | undefined>;
  dateTime: string;
  /** Of text whose language is not known: "auto". */
  dir: string;
  append(...nodes: (PageElement | string)[]): void;
  replaceChildren(...nodes: (PageElement | string)[]): void;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
  focus(): void;
  select(): void;
}

export interface PageEvent {
  preventDefault(): void;
}

interface Document {
  getElementById(id: string): PageElement | null;
  createElement(name: string): PageElement;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  execCommand(command: "copy"): boolean;
}

interface Selection {
  selectAllChildren(node: PageElement): void;
}

interface Scope {
  readonly document: Document;
  readonly location: {
    readonly protocol: string;
    readonly host: string;
    readonly hostname: string;
    readonly pathname: string;
  };
  readonly navigator: { readonly clipboard?: { writeText(text: string): Promise<void> } };
  getSelection(): Selection | null;
}

const scope = globalThis as unknown as Scope;

export const document: Document = scope.document;
export const location: Scope["location"] = scope.location;

/** Throws when the page has no such element, which is a defect of the page. */
export function element(id: string): PageElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** An element with nothing but text, whoever wrote it. */
export function withText(name: string, text: string, className = ""): PageElement {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

/**
 * Whether the element's text is in the clipboard now. Where the browser says no, it is selected, for
 * the keys and menus that people know. Pages that came over plain http have no clipboard API.
 */
export async function copyTextOf(source: PageElement): Promise<boolean> {
  try {
    await scope.navigator.clipboard?.writeText(source.textContent ?? "");
    if (scope.navigator.clipboard) return true;
  } catch {
    // Not permitted: the old way needs no permission.
  }
  scope.getSelection()?.selectAllChildren(source);
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  }
}
