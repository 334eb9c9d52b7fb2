/** The browser's way to listen to a socket, `addEventListener`, with the event objects of `ws`. */

/** What event objects tell of their socket; wide enough for handlers that were written for `ws`. */
export interface DomTarget {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

interface DomEvent {
  readonly type: string;
  readonly target: DomTarget;
}

/** The event objects by their type. */
export interface DomEvents {
  open: DomEvent;
  /** `data` is a string in fact. */
  message: DomEvent & { readonly data: string | Buffer | ArrayBuffer | Buffer[] };
  error: DomEvent & { readonly error: Error; readonly message: string };
  close: DomEvent & { readonly code: number; readonly reason: string; readonly wasClean: boolean };
}

export type DomListener<Event> = ((event: Event) => void) | { handleEvent(event: Event): void };

type Listeners<Event> = Map<DomListener<Event>, { readonly once: boolean }>;

/** Each listener is there once, however often it is added. */
export class DomListeners {
  readonly #listeners: { readonly [Type in keyof DomEvents]: Listeners<DomEvents[Type]> } = {
    open: new Map(),
    message: new Map(),
    error: new Map(),
    close: new Map(),
  };

  add<Type extends keyof DomEvents>(
    type: Type,
    listener: DomListener<DomEvents[Type]>,
    { once = false }: { readonly once?: boolean | undefined } = {},
  ): void {
    this.#listeners[type]?.set(listener, { once });
  }

  remove<Type extends keyof DomEvents>(type: Type, listener: DomListener<DomEvents[Type]>): void {
    this.#listeners[type]?.delete(listener);
  }

  /** `handler` is what stands in the socket's `on…` property. */
  dispatch<Type extends keyof DomEvents>(
    type: Type,
    event: DomEvents[Type],
    handler: ((event: DomEvents[Type]) => void) | null,
  ): void {
    handler?.(event);
    for (const [listener, { once }] of this.#listeners[type]) {
      if (once) this.remove(type, listener);
      if (typeof listener === "function") listener(event);
      else listener.handleEvent(event);
    }
  }
}
