import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Pack } from './load-packs.ts';

const MAX_RUNBOOK_BYTES = 256 * 1024;
/** Runbooks of one folder. */
const MAX_RUNBOOKS = 1000;
/** Different complaints that are remembered, so that each is logged once. */
const MAX_COMPLAINTS = 1000;
/** What stands before a slug in the annotation `runbook_url`, after the server's own address or nothing. */
const RUNBOOK_PATH = '/runbooks/';
const SLUG = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

export interface RunbookInfo {
  /** File name without `.md`. */
  readonly slug: string;
  /** The first heading. */
  readonly title: string;
  /** `pack:<name>`, or the file's path for one of the user's. */
  readonly source: string;
}

export interface RunbookText extends RunbookInfo {
  readonly markdown: string;
}

/** Runbooks: Markdown files, read again when they change. */
export interface Runbooks {
  /** All of them, by title. Files that cannot be used are left out and logged. */
  list(): Promise<RunbookInfo[]>;
  /** Undefined when there is none, whatever the text is: it may come from a stranger. */
  get(slug: string): Promise<RunbookText | undefined>;
}

export interface RunbookOptions {
  readonly packs: readonly Pick<Pack, 'name' | 'runbookFolder'>[];
  /** The user's own; they win over those of packs, and earlier packs over later ones. */
  readonly folder?: string | undefined;
  readonly log: Log;
}

interface Place {
  readonly folder: string;
  readonly sourceOf: (file: string) => string;
  /** Whether it is a mistake when the folder is not there. */
  readonly isExpected: boolean;
}

/** Links in folders of runbooks are not followed: a runbook is shown to whoever may read alerts. */
export function createRunbooks({ packs, folder, log }: RunbookOptions): Runbooks {
  const places: Place[] = packs.map((pack) => ({
    folder: pack.runbookFolder,
    sourceOf: () => `pack:${pack.name}`,
    isExpected: false,
  }));
  if (folder !== undefined) places.unshift({ folder, sourceOf: (file) => file, isExpected: true });
  const shelf = new Shelf(places, log);
  return { list: () => shelf.list(), get: (slug) => shelf.get(slug) };
}

/**
 * The slug that an annotation's `runbook_url` names when it leads to a runbook of this server: `/runbooks/<slug>`, or the same behind
 * `externalUrl`. Undefined for links to elsewhere.
 */
export function runbookSlug(url: string, externalUrl: string): string | undefined {
  const path = url.startsWith(`${externalUrl}/`) ? url.slice(externalUrl.length) : url;
  if (!path.startsWith(RUNBOOK_PATH)) return undefined;
  const slug = path.slice(RUNBOOK_PATH.length).replace(/[#?].*$/s, '');
  return SLUG.test(slug) ? slug : undefined;
}

interface Kept {
  readonly version: string;
  readonly text: RunbookText;
}

class Shelf {
  readonly #places: readonly Place[];
  readonly #log: Log;
  /** By path; only of files that are there. */
  #kept = new Map<string, Kept>();
  readonly #complaints = new Set<string>();

  constructor(places: readonly Place[], log: Log) {
    this.#places = places;
    this.#log = log;
  }

  async list(): Promise<RunbookInfo[]> {
    const found = new Map<string, RunbookInfo>();
    const kept = new Map<string, Kept>();
    for (const place of this.#places) {
      for (const slug of await this.#slugsIn(place)) {
        if (found.has(slug)) continue;
        const text = await this.#read(place, slug);
        if (text === undefined) continue;
        const path = pathOf(place, slug);
        kept.set(path, this.#kept.get(path)!);
        found.set(slug, { slug, title: text.title, source: text.source });
      }
    }
    this.#kept = kept;
    return [...found.values()].sort((a, b) => a.title.localeCompare(b.title, 'en'));
  }

  async get(slug: string): Promise<RunbookText | undefined> {
    if (!SLUG.test(slug)) return undefined;
    for (const place of this.#places) {
      const text = await this.#read(place, slug);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  async #slugsIn(place: Place): Promise<string[]> {
    let names: string[];
    try {
      names = await readdir(place.folder);
    } catch (error) {
      if (place.isExpected) this.#complain(place.folder, messageOf(error));
      return [];
    }
    const files = names.filter((name) => name.endsWith('.md')).sort();
    for (const name of files) {
      if (!SLUG.test(name.slice(0, -3)))
        this.#complain(join(place.folder, name), 'its name may have letters, digits, - and _ only');
    }
    const slugs = files.map((name) => name.slice(0, -3)).filter((slug) => SLUG.test(slug));
    if (slugs.length > MAX_RUNBOOKS)
      this.#complain(place.folder, `only the first ${MAX_RUNBOOKS} runbooks of a folder are used`);
    return slugs.slice(0, MAX_RUNBOOKS);
  }

  /** A file that is not there is no mistake. */
  async #read(place: Place, slug: string): Promise<RunbookText | undefined> {
    const path = pathOf(place, slug);
    try {
      const facts = await lstat(path);
      const version = `${facts.mtimeMs} ${facts.size} ${facts.ino}`;
      const kept = this.#kept.get(path);
      if (kept?.version === version) return kept.text;
      if (!facts.isFile()) throw new Error('it is no plain file; links are not followed');
      const markdown = await readBounded(path);
      const text = { slug, title: titleOf(markdown) ?? slug, source: place.sourceOf(path), markdown };
      this.#kept.set(path, { version, text });
      return text;
    } catch (error) {
      this.#kept.delete(path);
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#complain(path, messageOf(error));
      return undefined;
    }
  }

  #complain(file: string, reason: string): void {
    const key = `${file}\0${reason}`;
    if (this.#complaints.has(key) || this.#complaints.size >= MAX_COMPLAINTS) return;
    this.#complaints.add(key);
    this.#log.warn({ file, reason }, 'a runbook is left out');
  }
}

function pathOf(place: Place, slug: string): string {
  return join(place.folder, `${slug}.md`);
}

/** The file may have become a link or grown since it was looked at. */
async function readBounded(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(MAX_RUNBOOK_BYTES + 1);
    let end = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, end, buffer.length - end);
      end += bytesRead;
      if (end > MAX_RUNBOOK_BYTES) throw new Error(`it is larger than ${MAX_RUNBOOK_BYTES / 1024} KiB`);
      if (bytesRead === 0) return buffer.toString('utf8', 0, end);
    }
  } finally {
    await handle.close();
  }
}

/** Text of the first heading (`# ...`) that is not within a code block. */
function titleOf(markdown: string): string | undefined {
  let fence: string | undefined;
  for (const line of markdown.split(/\r?\n/)) {
    const mark = /^ {0,3}(```+|~~~+)/.exec(line)?.[1];
    if (fence !== undefined) {
      if (mark?.startsWith(fence) === true) fence = undefined;
      continue;
    }
    fence = mark;
    const title = /^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$/.exec(line)?.[1];
    if (title) return title.slice(0, 200);
  }
  return undefined;
}
