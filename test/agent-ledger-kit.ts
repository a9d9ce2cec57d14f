import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Session } from 'chdb';
import { createAgentLedger } from '../src/agents/index.ts';
import type { IngestLimits } from '../src/ingest/index.ts';
import { MemoryStreamRegistry } from '../src/ingest/index.ts';
import { otlpProtocols } from '../src/ingest/protocols/otlp/index.ts';
import type { TelemetryObserver, TelemetrySignal } from '../src/model/telemetry.ts';
import { type AgentQueries, createAgentQueries } from '../src/query/agents/index.ts';
import {
  type Batch,
  createBatch,
  nativeBlock,
  type QueryOptions,
  type Sql,
  tables,
} from '../src/store/index.ts';
import { createRowDecoder } from '../src/store/row-decoder.ts';
import { createTableStatements, schemaOf } from '../src/store/schema.ts';

/**
 * The agent ledger from recorded bytes to answers, without a server: the real decoders, the real ledger, and the embedded
 * engine in this process.
 */

const DATABASE = 'bellwether';
const FIXTURES = new URL('./fixtures/', import.meta.url);
/** The recordings were made on 20 and 21 November 2026. */
export const RECORDED_BY_MS = Date.UTC(2026, 10, 25);

const LIMITS: IngestLimits = {
  bodyBytes: 64 * 1024 * 1024,
  recordsPerRequest: 100_000,
  attributesPerRecord: 128,
  valueBytes: 65_536,
  valueDepth: 16,
  maxAgeMs: 0,
  maxFutureMs: 600_000,
};

/** An entry of a recording's index. */
export interface Recording {
  readonly folder: string;
  readonly file: string;
  readonly signal: TelemetrySignal;
  readonly scenario: string;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** All requests of a folder of recordings, in the order received. */
export function recordingsIn(folder: 'claude-code' | 'anthropic-sdk'): Recording[] {
  const index = JSON.parse(readFileSync(new URL(`${folder}/index.json`, FIXTURES), 'utf8')) as Recording[];
  return index.map((entry) => ({ ...entry, folder }));
}

function bodyOf(recording: Recording): Buffer {
  const body = readFileSync(fileURLToPath(new URL(`${recording.folder}/${recording.file}`, FIXTURES)));
  const isCompressed = recording.contentEncoding === 'gzip' && !recording.file.endsWith('.grpc.pb');
  return isCompressed ? gunzipSync(body) : body;
}

/** Ids of the sessions that requests belong to. */
export function sessionsIn(recordings: readonly Recording[]): readonly string[] {
  const batch = createBatch();
  const ledger = createAgentLedger({ batch: () => batch });
  for (const recording of recordings) decodeInto(batch, ledger, recording);
  return ledger.takeTouched().sessionIds;
}

/** The tables of the ledger in an engine of their own. */
export class LedgerLab {
  readonly queries: AgentQueries;
  readonly #folder = mkdtempSync(join(tmpdir(), 'bellwether-ledger-'));
  readonly #session = new Session(join(this.#folder, 'engine'));
  #inserts = 0;

  constructor() {
    this.#session.query(`CREATE DATABASE ${DATABASE}`);
    this.#session.query(`USE ${DATABASE}`);
    for (const table of [tables.agent_events, tables.agent_points]) {
      for (const statement of createTableStatements(schemaOf(table), { database: DATABASE })) {
        this.#session.query(statement.text);
      }
    }
    this.queries = createAgentQueries(this);
  }

  async query<T>(query: Sql, options: QueryOptions = {}): Promise<T[]> {
    const settings = { output_format_json_quote_64bit_integers: 1, ...options.settings };
    const list = Object.entries(settings).map(
      ([name, value]) => `${name} = ${typeof value === 'number' ? value : `'${value}'`}`,
    );
    const result = await this.#session.queryAsync(`${query.text} SETTINGS ${list.join(', ')}`, {
      format: 'JSONCompact',
    });
    const { meta, data } = result.json<{ meta: { name: string; type: string }[]; data: unknown[][] }>();
    const decode = createRowDecoder(
      meta.map((column) => column.name),
      meta.map((column) => column.type),
    );
    return data.map(decode) as T[];
  }

  /** Decodes requests in the order they were sent and stores what the ledger made of them in one group. */
  send(recordings: readonly Recording[]): void {
    const batch = createBatch();
    const failures: unknown[] = [];
    const ledger = createAgentLedger({ batch: () => batch, onFailure: (_, error) => failures.push(error) });
    for (const recording of recordings) decodeInto(batch, ledger, recording);
    if (failures.length > 0) throw failures[0];
    this.store(batch);
  }

  /** Stores the ledger's rows of a batch. */
  store(batch: Batch): void {
    for (const name of ['agent_events', 'agent_points'] as const) {
      if (batch[name].ts.length === 0) continue;
      const path = join(this.#folder, `${++this.#inserts}.native`);
      writeFileSync(path, Buffer.concat(nativeBlock(batch[name])));
      this.#session.query(`INSERT INTO ${DATABASE}.${name} SELECT * FROM file('${path}', 'Native')`);
      rmSync(path);
    }
  }

  empty(): void {
    this.#session.query(`TRUNCATE TABLE ${DATABASE}.agent_events`);
    this.#session.query(`TRUNCATE TABLE ${DATABASE}.agent_points`);
  }

  close(): void {
    this.#session.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function decodeInto(batch: Batch, observer: TelemetryObserver, recording: Recording): void {
  const protocol = otlpProtocols.find(
    (candidate) =>
      candidate.signal === recording.signal &&
      candidate.contentType.includes('json') === recording.contentType.includes('json'),
  );
  if (protocol === undefined) throw new Error(`no protocol for ${recording.file}`);
  const outcome = protocol.decode(bodyOf(recording), {
    batch,
    nowMs: RECORDED_BY_MS,
    limits: LIMITS,
    streams: new MemoryStreamRegistry(),
    observer,
  });
  if (outcome.rejected > 0) throw new Error(`${recording.file}: ${outcome.rejected} rejected`);
}
