/** Texts that another thread has packed: their memory has come with them and can go before they do. */

import { MessageChannel } from "node:worker_threads";
import { PackedTexts } from "../nostr/packed-texts.ts";

/** Bytes below which to free them takes longer than to collect them. */
const MIN_FREED = 16_384;

/**
 * Left to the collector, every 64 MB of them, which is less than a second of busy answers, would make
 * it walk through the whole heap.
 */
export class OwnedTexts extends PackedTexts {
  /** There are no texts in it any more. */
  override release(): void {
    if (this.bytes.length < MIN_FREED) return;
    // What is posted to nobody is freed at once. Node 22 has `ArrayBuffer.prototype.transfer` for it.
    nobody.postMessage(undefined, [this.bytes.buffer, this.ends.buffer] as ArrayBuffer[]);
  }
}

const { port1: nobody, port2 } = new MessageChannel();
port2.close();
