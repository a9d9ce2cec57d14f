import type { RunbookJson, RunbookListJson } from '../../contract/index.ts';
import type { Log } from '../../lib/log.ts';
import { createRunbooks, type Pack, type Runbooks, runbookSlug } from '../../packs/index.ts';
import type { RuleManager } from '../../rules/index.ts';

/** How old the titles may be that alerts show. */
const TITLES_AGE_MS = 30_000;

export interface RunbookShelf {
  list(): Promise<RunbookListJson>;
  get(slug: string): Promise<RunbookJson | undefined>;
  /** The runbook that an annotation leads to; null when it is none of ours. */
  behind(address: string): { readonly slug: string; readonly title: string } | null;
  /** Takes other folders. */
  use(packs: readonly Pack[], folder: string | undefined): Promise<void>;
}

export interface RunbookShelfParts {
  readonly rules: RuleManager;
  readonly externalUrl: string;
  readonly clock: () => number;
  readonly log: Log;
}

/** The runbooks in force, and which alerts lead to them. */
export function createRunbookShelf({ rules, externalUrl, clock, log }: RunbookShelfParts): RunbookShelf {
  let runbooks: Runbooks = createRunbooks({ packs: [], log });
  let titles: ReadonlyMap<string, string> = new Map();
  let readAtMs = Number.NEGATIVE_INFINITY;

  async function readTitles(): Promise<void> {
    readAtMs = clock();
    titles = new Map((await runbooks.list()).map(({ slug, title }) => [slug, title]));
  }

  function alertsOf(slug: string): string[] {
    const named = rules.groups().flatMap(({ rules: runners }) =>
      runners.flatMap(({ rule }) => {
        if (rule.kind !== 'alerting') return [];
        const address = rule.annotations.find(([name]) => name === 'runbook_url')?.[1] ?? '';
        return runbookSlug(address, externalUrl) === slug ? [rule.name] : [];
      }),
    );
    return [...new Set(named)].sort();
  }

  return {
    async list() {
      const all = await runbooks.list();
      return {
        runbooks: all.map(({ slug, title, source }) => ({ slug, title, source, alerts: alertsOf(slug) })),
      };
    },
    async get(slug) {
      const found = await runbooks.get(slug);
      return found === undefined ? undefined : { ...found, alerts: alertsOf(slug) };
    },
    behind(address) {
      if (clock() - readAtMs > TITLES_AGE_MS)
        readTitles().catch((error: unknown) => log.warn({ error }, 'the runbooks cannot be read'));
      const slug = runbookSlug(address, externalUrl);
      const title = slug === undefined ? undefined : titles.get(slug);
      return slug === undefined || title === undefined ? null : { slug, title };
    },
    async use(packs, folder) {
      runbooks = createRunbooks({ packs, folder, log });
      await readTitles();
    },
  };
}
