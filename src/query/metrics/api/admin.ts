import { BellwetherError } from '../../../lib/errors.ts';
import { localTable, onCluster, sql, type TableName } from '../../../store/index.ts';
import type { CatalogSeries, SeriesCatalog } from '../series-catalog.ts';
import { DELETED_TABLES, type DeleteParts, deleteSamples } from './delete-samples.ts';
import { badParameter, matcherParams, type ParseSelector, rangeParams } from './params.ts';
import type { ApiAnswer, ApiCall, Endpoint } from './service.ts';

export interface AdminParts extends DeleteParts {
  /** `query.admin_api`; asked for each call. */
  readonly isEnabled: () => boolean;
  readonly catalog: Pick<SeriesCatalog, 'find'>;
  readonly parseSelector: ParseSelector;
  /** Series that one call may touch. */
  readonly maxSeries: number;
  /**
   * Brings everything that was accepted so far into the store's tables. Resolves when it can be read there: what is only durable in the
   * spool would come back after the deletion.
   */
  readonly flush: () => Promise<void>;
}

/** Times that the tables can hold. */
const FIRST_MS = 0;
const LAST_MS = Date.UTC(2262, 0, 1) - 1;
const CLEAN_TIMEOUT_MS = 600_000;
const NO_DATA: ApiAnswer = { data: undefined };

/**
 * Prometheus's administration of the storage, off unless enabled: `delete_series` (`match[]`, `start`, `end`), `clean_tombstones`,
 * and `snapshot`, which only tells what to do instead.
 */
export function adminEndpoints(parts: AdminParts): Record<string, Endpoint> {
  const guarded =
    (run: (call: ApiCall) => Promise<ApiAnswer> | ApiAnswer): Endpoint =>
    (call) => {
      if (!parts.isEnabled()) throw disabled();
      return run(call);
    };
  // One after the other: two deletions could rewrite the same chunk.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const done = last.then(run);
    last = Promise.allSettled([done]);
    return done;
  };
  return {
    'admin/tsdb/delete_series': guarded((call) => inTurn(() => deleteSeries(parts, call))),
    'admin/tsdb/clean_tombstones': guarded(() => inTurn(() => cleanTombstones(parts))),
    'admin/tsdb/snapshot': guarded(() => {
      throw noSnapshot();
    }),
  };
}

async function deleteSeries(parts: AdminParts, { params, signal }: ApiCall): Promise<ApiAnswer> {
  const selectors = matcherParams(params, parts.parseSelector);
  if (selectors.length === 0) throw badParameter('match[]', 'no match[] parameter provided');
  const asked = rangeParams(params);
  const range = { fromMs: Math.max(asked.fromMs, FIRST_MS), toMs: Math.min(asked.toMs, LAST_MS) };
  if (range.toMs < range.fromMs) return NO_DATA;
  await parts.flush();
  const found = new Map<bigint, CatalogSeries>();
  for (const matchers of selectors) {
    const search = { matchers, ...range, limit: parts.maxSeries, signal };
    for (const series of await parts.catalog.find(search)) found.set(series.id, series);
  }
  await deleteSamples(parts, [...found.values()], range, signal);
  return NO_DATA;
}

/** Deleted rows are only masked until their parts are merged; this writes the parts anew without them. */
async function cleanTombstones({ store }: AdminParts): Promise<ApiAnswer> {
  const { layout } = store;
  const tables: readonly TableName[] = [...DELETED_TABLES, 'metric_chunks', 'metric_series'];
  for (const name of tables) {
    const table = sql.id(layout.database, localTable(name, layout));
    await store.command(sql`ALTER TABLE ${table}${onCluster(layout)} APPLY DELETED MASK`, {
      settings: { mutations_sync: 2 },
      timeoutMs: CLEAN_TIMEOUT_MS,
    });
  }
  return NO_DATA;
}

function disabled(): BellwetherError {
  return new BellwetherError({
    code: 'admin_api_disabled',
    // As Prometheus answers, odd as it is.
    status: 503,
    message: 'admin APIs disabled',
    hint: 'set query.admin_api: true',
  });
}

function noSnapshot(): BellwetherError {
  return new BellwetherError({
    code: 'not_implemented',
    status: 501,
    message: 'snapshots are not supported',
    hint: 'use `bellwether backup`, or /api/v1/export for the samples of some series as OpenMetrics',
  });
}
