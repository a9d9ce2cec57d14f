import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { Session } from 'chdb';
import { it } from 'vitest';
import { createAgentQueries } from '../src/query/agents/index.ts';
import { type Sql, tables } from '../src/store/index.ts';
import { createRowDecoder } from '../src/store/row-decoder.ts';
import { createTableStatements, schemaOf } from '../src/store/schema.ts';

const P = '/tmp/ag/perfdb';
class LedgerLab {
  fresh = !existsSync(P);
  s: Session;
  queries;
  constructor() {
    mkdirSync(P, { recursive: true });
    this.s = new Session(P);
    this.s.query('CREATE DATABASE IF NOT EXISTS bellwether');
    this.s.query('USE bellwether');
    if (this.fresh)
      for (const t of [tables.agent_events, tables.agent_points])
        for (const st of createTableStatements(schemaOf(t), { database: 'bellwether' }))
          this.s.query(st.text);
    this.queries = createAgentQueries(this as never);
  }
  run(x: string) {
    return this.s.query(x, 'TabSeparated');
  }
  close() {
    this.s.close();
  }
  async query<T>(query: Sql, options: { settings?: Record<string, unknown> } = {}): Promise<T[]> {
    const settings = { output_format_json_quote_64bit_integers: 1, ...options.settings };
    const list = Object.entries(settings).map(([n, v]) => `${n} = ${typeof v === 'number' ? v : `'${v}'`}`);
    const c0 = process.cpuUsage(),
      a = performance.now();
    const result = await this.s.queryAsync(`${query.text} SETTINGS ${list.join(', ')}`, {
      format: 'JSONCompact',
    });
    const c = process.cpuUsage(c0);
    if (process.env.QLOG)
      appendFileSync(
        '/tmp/ag/perf.txt',
        `      q cpu ${((c.user + c.system) / 1000) | 0} wall ${(performance.now() - a) | 0} rowsRead ${result.rowsRead} ${query.text.replace(/\s+/g, ' ').slice(0, 60)}\n`,
      );
    const { meta, data } = result.json<{ meta: { name: string; type: string }[]; data: unknown[][] }>();
    const decode = createRowDecoder(
      meta.map((c) => c.name),
      meta.map((c) => c.type),
    );
    return data.map(decode) as T[];
  }
}

it('perf', async () => {
  const out = (s: string) => appendFileSync('/tmp/ag/perf.txt', `${s}\n`);
  const lab = new LedgerLab();
  const now = Date.UTC(2026, 10, 20, 12);
  const t0 = performance.now();
  for (let d = 0; d < 30; d++) {
    const day = now - (30 - d) * 86400000;
    lab.run(`INSERT INTO bellwether.agent_events SELECT
      lower(hex(MD5(toString(intDiv(number,500) + ${d}*334)))) AS session_id,
      fromUnixTimestamp64Milli(toInt64(${day} + intDiv(number,500)*250000 + (number%500)*4000)) AS ts, cityHash64(number) AS event_id,
      'event' AS origin, ['api_request','tool_call','tool_decision','other','prompt'][1 + number%5] AS kind, kind AS name, number%500 AS sequence,
      'claude-code' AS client, '2.1.329' AS client_version, concat('user', toString(intDiv(number,500)%50), '@example.com') AS user, 1 AS stream_id,
      toString(cityHash64(intDiv(number,20))) AS prompt_id, toString(cityHash64(number)) AS request_id, toString(cityHash64(intDiv(number,2),1)) AS tool_use_id, '' AS agent_id, '' AS agent_name,
      ['claude-sonnet-5-5','claude-opus-5-5','claude-haiku-5-5'][1+number%3] AS model, 'main' AS query_source, 'Bash' AS tool_name,
      if(kind='api_request', number%50000, 0) AS cost_micros, 0 AS cost_basis, 12 AS input_tokens, 64 AS output_tokens, 13500 AS cache_read_tokens, 320 AS cache_creation_tokens,
      100+number%1000 AS duration_ms, 50 AS ttft_ms, 1 AS attempts, 0 AS failed, 200 AS status_code, '' AS error, '' AS decision, '' AS decision_source, '' AS stop_reason,
      toFixedString('',16) AS trace_id, toFixedString('',8) AS span_id, toFixedString('',8) AS parent_span_id, 0 AS demo,
      map('session.id', session_id, 'event.name', name, 'prompt.id', prompt_id, 'request_id', request_id, 'model', model, 'duration_ms', toString(duration_ms), 'terminal.type','vscode','user.id', user, 'x', toString(cityHash64(number,2))) AS attributes, 'sssssisss' AS attribute_types
      FROM numbers(167000)`);
    lab.run(`INSERT INTO bellwether.agent_points SELECT
      lower(hex(MD5(toString(intDiv(number,40) + ${d}*334)))) AS session_id,
      fromUnixTimestamp64Milli(toInt64(${day} + intDiv(number,40)*250000 + (number%40)*50000)) AS ts, ts - 1, number%8, 1, ['cost','tokens','tokens','tokens','tokens','lines','active_time','session'][1+number%8], ['','input','output','cacheRead','cacheCreation','added','cli','fresh'][1+number%8], 1, 'claude-code','2.1.329','user@example.com',1,'claude-sonnet-5-5','main','','',0 FROM numbers(13360)`);
  }
  out(
    `seed ${((performance.now() - t0) / 1000).toFixed(1)}s rows ${lab.run('SELECT count() FROM bellwether.agent_events').trim()} parts ${lab.run("SELECT count(), sum(bytes_on_disk), max(level) FROM system.parts WHERE table='agent_events' AND active").trim()}`,
  );
  const time = async (name: string, f: () => Promise<unknown>) => {
    const ts: number[] = [];
    let r: unknown;
    for (let i = 0; i < 4; i++) {
      const a = performance.now();
      r = await f();
      ts.push(performance.now() - a);
    }
    out(`${name}: ${ts.map((x) => x.toFixed(0)).join(' ')} ms  ${JSON.stringify(r).length} bytes`);
    return r as never;
  };
  const q = lab.queries;
  const measure = async () => {
    await time('list 30d', () => q.listSessions({ from: 'now-30d', to: 'now', limit: 50 }, now));
    await time('list 30d q', () =>
      q.listSessions({ from: 'now-30d', to: 'now', limit: 50, q: 'user7@' }, now),
    );
    await time('list 24h', () => q.listSessions({ from: 'now-24h', to: 'now', limit: 50 }, now));
    const l = await q.listSessions({ from: 'now-30d', to: 'now', limit: 50 }, now);
    await time('page 2', () =>
      q.listSessions({ from: 'now-30d', to: 'now', limit: 50, cursor: l.next_cursor! }, now),
    );
    await time('detail', () => q.getSession(l.sessions[20]!.session_id, now));
    await time('byIds 3', () =>
      q.sessionsByIds(
        l.sessions.slice(3, 6).map((s) => s.session_id),
        now,
      ),
    );
    await time('usage 30d model', () => q.usage({ from: 'now-30d', to: 'now', group_by: 'model' }, now));
    await time('usage 30d session', () => q.usage({ from: 'now-30d', to: 'now', group_by: 'session' }, now));
    await time('usage 24h', () => q.usage({ from: 'now-24h', to: 'now', group_by: 'model' }, now));
    await time('overview 24h', () => q.overview({ from: 'now-24h', to: 'now' }, now));
    await time('overview 15d', () => q.overview({ from: 'now-15d', to: 'now' }, now));
  };
  await measure();
  out('load ' + (await import('node:os')).loadavg().join(' '));
  await new Promise((r) => setTimeout(r, 50));
  lab.close();
}, 590000);
