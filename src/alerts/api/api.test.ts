import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { BellwetherError } from '../../lib/errors.ts';
import { Labels } from '../../model/labels.ts';
import type { AlertGroupView, AlertView, SilenceInput } from '../engine-types.ts';
import { createMatcher } from '../matchers.ts';
import type { IncomingAlert, Silence, SilenceState, Suppression } from '../types.ts';
import { type AlertmanagerApi, type AlertmanagerApiParts, createAlertmanagerService } from './service.ts';
import { compareLabelSets } from './show.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;
const KNOWN_ID = '2a1c8b8e-8f0a-4f1e-9d2c-8d2a1c8b8e00';
const OTHER_ID = '2a1c8b8e-8f0a-4f1e-9d2c-8d2a1c8b8e01';

let views: AlertView[];
let groups: AlertGroupView[];
let silences: { silence: Silence; state: SilenceState }[];
let posted: IncomingAlert[];
let put: SilenceInput[];
let expired: string[];
let postError: BellwetherError | undefined;
let api: AlertmanagerApi;

beforeEach(() => {
  [views, groups, silences, posted, put, expired] = [[], [], [], [], [], []];
  postError = undefined;
  const engine: AlertmanagerApiParts['engine'] = {
    async post(alerts) {
      posted.push(...alerts);
      if (postError !== undefined) throw postError;
    },
    alerts: () => views,
    groups: () => groups,
    receivers: () => ['default', 'pager'].map((name) => ({ name, integrations: [] })),
    receiversFor: () => ['default'],
    config: { text: 'route:\n  receiver: default\n' } as AlertmanagerApiParts['engine']['config'],
    silences: {
      list: () => silences,
      get: (id) => silences.find(({ silence }) => silence.id === id),
      async put(input) {
        if (input.id === OTHER_ID)
          throw new BellwetherError({ code: 'not_found', status: 404, message: 'no such silence' });
        put.push(input);
        return input.id ?? KNOWN_ID;
      },
      async expire(id) {
        if (id === OTHER_ID)
          throw new BellwetherError({ code: 'not_found', status: 404, message: 'no such silence' });
        if (expired.includes(id))
          throw new BellwetherError({ code: 'already_expired', status: 409, message: 'it is over' });
        expired.push(id);
      },
      preview: () => [],
    },
  };
  api = createAlertmanagerService({
    ...{ engine, version: '1.2.3', revision: 'abc', startedMs: NOW_MS - MINUTE_MS },
    clock: { now: () => NOW_MS },
    isReady: () => true,
    reload: async () => {},
  });
});

function view(labels: Record<string, string>, suppressions: Suppression[] = []): AlertView {
  return {
    alert: {
      fingerprint: `${Object.values(labels).join('')}0000000000000000`.slice(0, 16),
      labels: Labels.fromObject(labels),
      annotations: Labels.fromObject({ summary: 's' }),
      startsAtMs: NOW_MS - MINUTE_MS,
      endsAtMs: NOW_MS + MINUTE_MS,
      updatedAtMs: NOW_MS,
      hasTimeout: true,
      generatorUrl: '',
      source: 'api',
      value: undefined,
    },
    isResolved: false,
    suppressions,
    receivers: ['default'],
  };
}

function silence(id: string, state: SilenceState, fields: Partial<Silence> = {}) {
  const matchers = [createMatcher('alertname', '=', 'A')];
  const times = { startsAtMs: NOW_MS, endsAtMs: NOW_MS + MINUTE_MS, updatedAtMs: NOW_MS };
  return { silence: { id, matchers, ...times, createdBy: 'me', comment: 'c', ...fields }, state };
}

function get(
  endpoint: string,
  query = '',
  path: Record<string, string> = {},
  method: 'GET' | 'DELETE' = 'GET',
) {
  return api.call({
    ...{ endpoint, method, path, contentType: undefined, actor: 'boss' },
    params: new URLSearchParams(query),
    body: new Uint8Array(),
  });
}

function post(endpoint: string, body: unknown, contentType: string | undefined = 'application/json') {
  return api.call({
    ...{ endpoint, method: 'POST' as const, path: {}, contentType, actor: '' },
    params: new URLSearchParams(),
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  });
}

const namesOf = (json: unknown) =>
  (json as { labels: Record<string, string> }[]).map(({ labels }) => labels.alertname);

test('status, receivers', async () => {
  expect((await get('status')).json).toEqual({
    cluster: { peers: [], status: 'disabled' },
    config: { original: 'route:\n  receiver: default\n' },
    uptime: '2026-11-21T11:59:00.000Z',
    versionInfo: {
      ...{ branch: '', buildDate: '', buildUser: 'bellwether', goVersion: '' },
      ...{ revision: 'abc', version: '1.2.3' },
    },
  });
  expect((await get('receivers')).json).toEqual([{ name: 'default' }, { name: 'pager' }]);
});

test('alerts have Alertmanager’s fields', async () => {
  views = [
    view({ alertname: 'A' }),
    view({ alertname: 'B' }, [{ kind: 'silenced', silenceIds: ['s1'] }]),
    view({ alertname: 'C' }, [{ kind: 'inhibited', fingerprints: ['f'], rule: 'r' }]),
    view({ alertname: 'D' }, [{ kind: 'muted', intervals: ['night'] }]),
    { ...view({ alertname: 'E' }), isResolved: true },
  ];
  const { json } = await get('alerts');
  expect(namesOf(json)).toEqual(['A', 'B', 'C', 'D']);
  expect((json as unknown[])[0]).toEqual({
    annotations: { summary: 's' },
    endsAt: '2026-11-21T12:01:00.000Z',
    fingerprint: 'A000000000000000',
    receivers: [{ name: 'default' }],
    startsAt: '2026-11-21T11:59:00.000Z',
    status: { inhibitedBy: [], mutedBy: [], silencedBy: [], state: 'active' },
    updatedAt: '2026-11-21T12:00:00.000Z',
    labels: { alertname: 'A' },
  });
  const states = (json as { status: { state: string } }[]).map(({ status }) => status.state);
  expect(states).toEqual(['active', 'suppressed', 'suppressed', 'active']);
});

test.each([
  ['active=false', ['B', 'C']],
  ['silenced=false', ['A', 'C']],
  ['inhibited=false&unprocessed=false', ['A', 'B']],
  ['active=nonsense', ['B', 'C']],
  ['active=', ['A', 'B', 'C']],
  ['filter=alertname%3D~%22A|B%22&filter=alertname!%3D%22B%22', ['A']],
  ['filter=absent%3D%22%22', ['A', 'B', 'C']],
  ['receiver=def', []],
  ['receiver=def.*|x', ['A', 'B', 'C']],
])('alerts?%s', async (query, expected) => {
  views = [
    view({ alertname: 'A' }),
    view({ alertname: 'B' }, [{ kind: 'silenced', silenceIds: ['s1'] }]),
    view({ alertname: 'C' }, [{ kind: 'inhibited', fingerprints: ['f'], rule: 'r' }]),
  ];
  expect(namesOf((await get('alerts', query)).json)).toEqual(expected);
});

test.each(['filter=bad', 'filter=a%3D~%22[%22', 'receiver=['])(
  'alerts?%s is refused with a text',
  async (query) => {
    for (const endpoint of ['alerts', 'alerts/groups']) {
      const { status, json } = await get(endpoint, query);
      expect([status, typeof json]).toEqual([400, 'string']);
    }
  },
);

test('groups come by labels and receiver, with the receivers of the groups asked for', async () => {
  const [a, b] = [view({ alertname: 'A', job: 'x' }), view({ alertname: 'A', job: 'b' })];
  const jobless = view({ alertname: 'A' });
  const muted = view({ alertname: 'M' }, [{ kind: 'muted', intervals: ['night'] }]);
  const group = (receiver: string, name: string, alerts: AlertView[]): AlertGroupView => ({
    ...{ groupKey: `${receiver}${name}`, routeId: '0', receiver, alerts, nextFlushAtMs: undefined },
    labels: Labels.fromObject({ alertname: name }),
  });
  groups = [group('team', 'A', [jobless, a, b]), group('pager', 'M', [muted]), group('pager', 'A', [a])];
  type Shown = {
    receiver: { name: string };
    alerts: { labels: object; receivers: object; status: object }[];
  }[];
  const all = (await get('alerts/groups')).json as Shown;
  expect(all.map(({ receiver }) => receiver.name)).toEqual(['pager', 'team', 'pager']);
  expect(all[1]!.alerts.map(({ labels }) => labels)).toEqual([
    { alertname: 'A', job: 'b' },
    { alertname: 'A', job: 'x' },
    { alertname: 'A' },
  ]);
  expect(all[0]!.alerts[0]!.receivers).toEqual([{ name: 'pager' }, { name: 'team' }]);
  expect(all[2]!.alerts[0]!.status).toMatchObject({ mutedBy: ['night'], state: 'suppressed' });
  const pager = (await get('alerts/groups', 'receiver=pa.*&muted=false')).json as Shown;
  expect(pager.map(({ alerts }) => alerts[0]!.receivers)).toEqual([[{ name: 'pager' }]]);
});

test('alerts are taken with what they say of times', async () => {
  const { status, json } = await post('alerts', [
    { labels: { alertname: 'A', empty: '' }, annotations: { x: 'y' }, generatorURL: 'http://g/x' },
    {
      labels: { alertname: 'B' },
      startsAt: '2026-11-21T12:00:00.123456789+01:00',
      endsAt: '0001-01-01T00:00:00Z',
      annotations: null,
    },
  ]);
  expect([status, json]).toEqual([200, undefined]);
  expect(posted[0]!.labels.toObject()).toEqual({ alertname: 'A' });
  expect(posted[0]).toMatchObject({ startsAtMs: undefined, generatorUrl: 'http://g/x', source: 'api' });
  expect(posted[1]).toMatchObject({ startsAtMs: NOW_MS - 60 * MINUTE_MS + 123, endsAtMs: undefined });
});

test('good alerts are taken although others are bad, and the answer names those', async () => {
  postError = new BellwetherError({ code: 'bad_alert', status: 400, message: 'label too long' });
  const { status, json } = await post('alerts', [
    { labels: {} },
    { labels: { alertname: 'ok' } },
    { labels: { a: '1' }, startsAt: '2024-01-02T00:00:00Z', endsAt: '2024-01-01T00:00:00Z' },
  ]);
  expect(posted.map(({ labels }) => labels.get('alertname'))).toEqual(['ok']);
  expect([status, json]).toEqual([
    400,
    'at least one label pair required; start time must be before end time; label too long',
  ]);
});

test.each([
  ['{', 400, { code: 400 }],
  ['{}', 400, { code: 400 }],
  ['[{}]', 422, { code: 602, message: '0.labels in body is required' }],
  ['[{"labels":{"alertname":5}}]', 400, { code: 400 }],
  ['[{"labels":{"a":"b"},"startsAt":"bad"}]', 400, { code: 400 }],
  [
    JSON.stringify([{ labels: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`l${i}`, 'x'])) }]),
    400,
    { code: 400 },
  ],
  ['[{"labels":{"a":"b"},"generatorURL":"::bad uri"}]', 422, { code: 601 }],
  ['[{"labels":{"a":"b"},"generatorURL":"javascript:alert(1)"}]', 422, { code: 601 }],
])('alerts %s are refused as a whole', async (body, status, answer) => {
  const refused = await post('alerts', body);
  expect(refused.status).toBe(status);
  expect(refused.json).toMatchObject(answer);
  expect(posted).toEqual([]);
});

test('a request without JSON as its type is refused, and more alerts than the limit', async () => {
  expect((await post('alerts', '[]', 'text/plain')).status).toBe(415);
  const many = Array.from({ length: 10_001 }, () => ({ labels: { a: 'b' } }));
  expect((await post('alerts', many)).status).toBe(413);
  expect((await post('alerts', many.slice(1))).status).toBe(200);
});

const silenceBody = {
  matchers: [
    { name: 'alertname', value: 'A|B', isRegex: true, isEqual: false },
    { name: 'x', value: 'y', isRegex: false },
  ],
  startsAt: '2026-11-21T12:00:00Z',
  endsAt: '2026-11-21T13:00:00Z',
  createdBy: 'me',
  comment: 'c',
};

test('a silence is made and replaced', async () => {
  expect((await post('silences', silenceBody)).json).toEqual({ silenceID: KNOWN_ID });
  expect(put[0]!.matchers.map(({ name, type, value }) => `${name}${type}${value}`)).toEqual([
    'alertname!~A|B',
    'x=y',
  ]);
  expect(put[0]).toMatchObject({ id: undefined, endsAtMs: NOW_MS + 60 * MINUTE_MS });
  expect(await post('silences', { ...silenceBody, id: OTHER_ID })).toEqual({
    status: 404,
    json: 'silence not found',
  });
});

test.each([
  [{}, 422, { code: 602, message: 'comment in body is required' }],
  [{ ...silenceBody, matchers: [] }, 422, { code: 612 }],
  [
    { ...silenceBody, matchers: [{ name: 'a', value: 'b' }] },
    422,
    { code: 602, message: 'matchers.0.isRegex in body is required' },
  ],
  [
    { ...silenceBody, endsAt: '2026-11-21T11:00:00Z' },
    400,
    'Failed to create silence: start time must be before end time',
  ],
  [
    { ...silenceBody, startsAt: '2020-01-01T00:00:00Z', endsAt: '2021-01-01T00:00:00Z' },
    400,
    "Failed to create silence: end time can't be in the past",
  ],
  [
    { ...silenceBody, matchers: [{ name: 'x', value: '', isRegex: false }] },
    400,
    'silence invalid: at least one matcher must not match the empty string',
  ],
  [
    { ...silenceBody, matchers: [{ name: 'x', value: '[', isRegex: true }] },
    400,
    expect.stringContaining('invalid label matcher 0'),
  ],
])('silence %# is refused', async (body, status, answer) => {
  const refused = await post('silences', body);
  expect(refused.status).toBe(status);
  if (typeof answer === 'object' && 'code' in answer) expect(refused.json).toMatchObject(answer);
  else expect(refused.json).toEqual(answer);
  expect(put).toEqual([]);
});

test('silences come in Alertmanager’s order and are filtered by their matchers as written', async () => {
  silences = [
    silence('e1', 'expired', { endsAtMs: NOW_MS - 9 }),
    silence('e2', 'expired', { endsAtMs: NOW_MS - 5 }),
    silence('p', 'pending'),
    silence('a2', 'active', { endsAtMs: NOW_MS + 9 }),
    silence('a1', 'active', {
      endsAtMs: NOW_MS + 5,
      createdBy: 'you',
      matchers: [createMatcher('b', '!~', 'x')],
    }),
  ];
  const idsOf = async (query: string) =>
    ((await get('silences', query)).json as { id: string }[]).map(({ id }) => id);
  expect(await idsOf('')).toEqual(['a1', 'a2', 'p', 'e2', 'e1']);
  expect(await idsOf('filter=alertname%3DA')).toEqual(['a2', 'p', 'e2', 'e1']);
  expect(await idsOf('filter=alertname%3D~A')).toEqual([]);
  expect(await idsOf('creator=you')).toEqual(['a1']);
  expect(((await get('silences', 'creator=you')).json as unknown[])[0]).toEqual({
    id: 'a1',
    status: { state: 'active' },
    updatedAt: '2026-11-21T12:00:00.000Z',
    comment: 'c',
    createdBy: 'you',
    endsAt: '2026-11-21T12:00:00.005Z',
    matchers: [{ isEqual: false, isRegex: true, name: 'b', value: 'x' }],
    startsAt: '2026-11-21T12:00:00.000Z',
  });
});

test('one silence: shown, ended, unknown, not an id', async () => {
  silences = [silence(KNOWN_ID, 'active')];
  expect((await get('silence/:id', '', { id: KNOWN_ID })).json).toMatchObject({ id: KNOWN_ID });
  expect(await get('silence/:id', '', { id: OTHER_ID })).toEqual({ status: 404, json: undefined });
  expect(await get('silence/:id', '', { id: 'abc' })).toEqual({
    status: 422,
    json: { code: 601, message: 'silenceID in path must be of type uuid: "abc"' },
  });
  expect(await get('silence/:id', '', { id: KNOWN_ID }, 'DELETE')).toEqual({ status: 200, json: undefined });
  expect(expired).toEqual([KNOWN_ID]);
  expect((await get('silence/:id', '', { id: KNOWN_ID }, 'DELETE')).status).toBe(500);
  expect((await get('silence/:id', '', { id: OTHER_ID }, 'DELETE')).status).toBe(404);
});

test('no body makes it throw', async () => {
  const alert = fc.record(
    {
      labels: fc.oneof(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.jsonValue()),
      annotations: fc.jsonValue(),
      startsAt: fc.oneof(
        fc.string(),
        fc.jsonValue(),
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      ),
      endsAt: fc.jsonValue(),
      generatorURL: fc.jsonValue(),
      matchers: fc.jsonValue(),
      comment: fc.jsonValue(),
      __proto__: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(fc.array(alert), alert, fc.jsonValue()).map((value) => JSON.stringify(value));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('alerts', 'silences'),
      fc.oneof(body, fc.string()),
      async (endpoint, text) => {
        const { status } = await post(endpoint, text);
        expect([200, 400, 404, 413, 422]).toContain(status);
      },
    ),
  );
});

test('label sets in Alertmanager’s order', () => {
  const written: Record<string, string>[] = [{ b: '1' }, { a: '2' }, { a: '1' }, { a: '0', b: '0' }, {}];
  const sets = written.map((set) => Labels.fromObject(set));
  expect(sets.sort(compareLabelSets).map(String)).toEqual([
    '{}',
    '{b="1"}',
    '{a="1"}',
    '{a="2"}',
    '{a="0", b="0"}',
  ]);
});
