/**
 * Runs in a thread of the SQLite store: opens the file by itself, as the one writer or as one of the
 * readers, and answers what the main thread asks (`thread.ts`).
 */

import { parentPort, workerData } from "node:worker_threads";
import { PackedTexts, type Texts } from "../nostr/packed-texts.ts";
import { isVisible, type View } from "../nostr/visibility.ts";
import type { Remainder } from "../store.ts";
import { openReader, openWriter, type StoreReader, type StoreWriter } from "./connection.ts";
import { StoreError } from "./error.ts";
import { fromJson, withText } from "./row.ts";
import type { Answer, Failure, Page, Question, Request, Role, Scan } from "./thread.ts";

type Pages = AsyncIterator<Texts, Remainder | undefined, undefined>;
type Step = IteratorResult<Texts, Remainder | undefined>;

interface OpenScan {
  readonly pages: Pages;
  readonly isShown: boolean;
  /** What may be seen now. */
  readonly seen: { view: View | undefined };
  /** Read ahead, so that a page can say that it is the last one; and what could be seen then. */
  ahead: { readonly step: Step; readonly view: View | undefined } | undefined;
}

const { role, path, options } = workerData as Role;
const store =
  role === "writer"
    ? openWriter(path, options).then((writer) => (question: Question) => write(writer, question))
    : openReader(path, options).then((reader) => reading(reader));
// Whoever asks is told; nobody may be there yet.
store.catch(() => {});

parentPort?.on("message", async ({ id, question }: Request) => {
  let answer: Answer;
  try {
    const answerTo = await store;
    answer = { id, value: await answerTo(question, id) };
  } catch (error) {
    answer = { id, error: failureOf(error) };
  }
  if (id > 0) parentPort?.postMessage(answer, memoryOf(answer));
});

async function write(writer: StoreWriter, question: Question): Promise<unknown> {
  switch (question.what) {
    case "insert":
      return await writer.insert(question.texts.map(withText));
    case "remove":
      return await writer.remove(question.ids);
    case "sweep":
      return await writer.sweep(question.now);
    case "close":
      return await writer.close();
    default:
      return undefined;
  }
}

function reading(reader: StoreReader): (question: Question, id: number) => Promise<unknown> {
  const scans = new Map<number, OpenScan>();
  const nextPage = async (id: number, view: View | undefined): Promise<Page> => {
    const scan = scans.get(id);
    // The thread that began it has ended, and half an answer must not look whole.
    if (!scan)
      throw new StoreError("ERR_STORE_THREAD", "the thread that read this has ended; ask anew");
    const page = await readPage(scan, view);
    if (page.isLast) scans.delete(id);
    return page;
  };
  return async (question, id) => {
    switch (question.what) {
      case "count":
        return await reader.count(question.filters, question.view);
      case "scan": {
        const scan = openScan(reader, question.scan);
        scans.set(id, scan);
        return await nextPage(id, scan.seen.view);
      }
      case "next":
        return await nextPage(question.scan, question.view);
      case "stop":
        await scans.get(question.scan)?.pages.return?.();
        scans.delete(question.scan);
        return undefined;
      case "close":
        return await reader.close();
      default:
        return undefined;
    }
  };
}

function openScan(reader: StoreReader, scan: Scan): OpenScan {
  if (scan.of === "export") {
    const pages = reader.export(scan.filters, scan.order)[Symbol.asyncIterator]();
    return { pages, isShown: false, seen: { view: undefined }, ahead: undefined };
  }
  const seen = { view: scan.view };
  const view = scan.view && {
    get now() {
      return seen.view?.now ?? Number.POSITIVE_INFINITY;
    },
    get readers() {
      return seen.view?.readers ?? new Set<never>();
    },
  };
  return {
    pages: pagesOf(reader, scan, view),
    isShown: scan.of === "query",
    seen,
    ahead: undefined,
  };
}

function pagesOf(
  reader: StoreReader,
  { of, filters }: Exclude<Scan, { of: "export" }>,
  view: View | undefined,
): Pages {
  if (of === "query") return reader.query(filters, view);
  if (of === "authors") return reader.authors(filters, view)[Symbol.asyncIterator]();
  return placeTexts(reader, filters, view);
}

/** An id and, without a space, its second. */
async function* placeTexts(
  reader: StoreReader,
  filters: Scan["filters"],
  view: View | undefined,
): AsyncGenerator<readonly string[], undefined, undefined> {
  for await (const page of reader.locate(filters, view)) {
    yield page.map(({ id, created_at }) => `${id}${created_at}`);
  }
}

async function readPage(scan: OpenScan, view: View | undefined): Promise<Page> {
  scan.seen.view = view;
  const { step, view: then } = scan.ahead ?? { step: await scan.pages.next(), view };
  scan.ahead = undefined;
  if (step.done) return lastPage([], step.value);
  const texts = scan.isShown ? stillShown(step.value, then, view) : step.value;
  const ahead = await scan.pages.next();
  if (ahead.done) return lastPage(texts, ahead.value);
  scan.ahead = { step: ahead, view };
  return { texts: sendable(texts), isLast: false };
}

function lastPage(texts: Texts, remainder: Remainder | undefined): Page {
  return { texts: sendable(texts), isLast: true, ...(remainder && { remainder }) };
}

/** Classes do not travel. */
function sendable(texts: Texts): Page["texts"] {
  return texts instanceof PackedTexts ? { bytes: texts.bytes, ends: texts.ends } : texts;
}

/** What goes over to the main thread, without a copy. */
function memoryOf(answer: Answer): readonly ArrayBuffer[] {
  if (!("value" in answer) || !isPage(answer.value) || !("ends" in answer.value.texts)) return [];
  const { bytes, ends } = answer.value.texts;
  return [bytes.buffer, ends.buffer] as readonly ArrayBuffer[];
}

function isPage(value: unknown): value is Page {
  return typeof value === "object" && value !== null && "texts" in value;
}

/** What was read ahead may have expired since. */
function stillShown(texts: Texts, then: View | undefined, now: View | undefined): Texts {
  if (!then || !now) return texts;
  if (then.now === now.now && now.readers.size >= then.readers.size) return texts;
  return [...texts].filter((text) => isVisible(fromJson(text), now));
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", code: undefined, message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { name: error.name, code, message: error.message };
}
