/** The little language between generator and echo servers. */

export type Send = (text: string) => void;

/** Asks for `count` texts of `size` characters, on the connection that asks. */
export function pushRequest(count: number, size: number): string {
  return `push ${count} ${size}`;
}

/** Asks for one text of `size` characters on every connection. */
export function fanRequest(size: number): string {
  return `fan 1 ${size}`;
}

/** Does what was asked; a text that asks for nothing comes back as it is. */
export function answer(text: string, send: Send, everyone: Iterable<Send>): void {
  if (text.startsWith("push ")) {
    const [count, payload] = parse(text);
    for (let sent = 0; sent < count; sent++) send(payload);
  } else if (text.startsWith("fan ")) {
    const [, payload] = parse(text);
    for (const other of everyone) other(payload);
  } else {
    send(text);
  }
}

/** A text of that many ASCII characters that looks like what relays send. */
export function payloadOf(size: number): string {
  const head = '["EVENT","sub",{"content":"';
  const content = "lorem ipsum dolor ".repeat(size).slice(0, size - head.length - 3);
  return `${head}${content}"}]`;
}

const payloads = new Map<number, string>();

function parse(text: string): readonly [count: number, payload: string] {
  const [, count = 0, size = 0] = text.split(" ").map(Number);
  const payload = payloads.get(size) ?? payloadOf(size);
  payloads.set(size, payload);
  return [count, payload];
}
