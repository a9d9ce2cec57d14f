import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatPromDuration, unknownPlace } from '../../prom-config/index.ts';
import { loadPrometheusFile, parseScrapeConfigs } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'bw-scrape-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function load(text: string) {
  const file = join(folder, `prometheus-${files++}.yml`);
  writeFileSync(file, text);
  return loadPrometheusFile(file, { HOST: 'me' });
}

/** `line:column message` of each problem. */
function problemsIn(text: string): string[] {
  return load(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const job = (text: string) => `scrape_configs:\n- job_name: j\n${text.replace(/^/gm, '  ')}`;

describe('defaults', () => {
  test('of a job without anything', () => {
    const { jobs, problems, warnings } = load('scrape_configs: [{job_name: j}]');
    expect([problems, warnings]).toEqual([[], []]);
    expect(jobs[0]).toMatchObject({
      jobName: 'j',
      intervalMs: 60_000,
      timeoutMs: 10_000,
      protocols: [
        'OpenMetricsText1.0.0',
        'OpenMetricsText0.0.1',
        'PrometheusText1.0.0',
        'PrometheusText0.0.4',
      ],
      metricsPath: '/metrics',
      scheme: 'http',
      honorLabels: false,
      honorTimestamps: true,
      enableCompression: true,
      nameValidation: 'utf8',
      nameEscaping: 'allow-utf-8',
      http: { followRedirects: true },
      discoveries: [],
    });
  });

  test('from global', () => {
    const { jobs, global } = load(`
global:
  scrape_interval: 5s
  evaluation_interval: 30s
  sample_limit: 7
  body_size_limit: 10MB
  external_labels: { v: 1.10, host: "\${HOST}-$HOST-$$", on: yes }
scrape_configs:
- job_name: a
- job_name: b
  scrape_interval: 1m
  scrape_timeout: 20s
  sample_limit: 9
  scrape_native_histograms: true
  metric_name_validation_scheme: legacy
`);
    expect(global).toMatchObject({
      scrapeIntervalMs: 5000,
      scrapeTimeoutMs: 5000,
      evaluationIntervalMs: 30_000,
      externalLabels: { v: '1.10', host: 'me-me-$', on: 'yes' },
    });
    expect(jobs[0]).toMatchObject({
      intervalMs: 5000,
      timeoutMs: 5000,
      limits: { samples: 7, bodyBytes: 10_485_760 },
    });
    expect(jobs[1]).toMatchObject({
      intervalMs: 60_000,
      timeoutMs: 20_000,
      limits: { samples: 9 },
      nameEscaping: 'underscores',
    });
    expect(jobs[1]?.protocols[0]).toBe('PrometheusProto');
  });

  test('empty values are absent ones', () => {
    const { jobs, problems } = load(
      'scrape_configs:\n- job_name: j\n  params:\n  metrics_path:\n  static_configs:\n',
    );
    expect(problems).toEqual([]);
    expect(jobs[0]).toMatchObject({ metricsPath: '/metrics', params: {} });
  });
});

describe('mistakes', () => {
  test.each([
    [job('metrics_pth: /x'), '3:3 unknown key "metrics_pth"; did you mean metrics_path?'],
    ['globl: {}', '1:1 unknown key "globl"; did you mean global?'],
    [job('scrape_interval: 5 s'), '3:20 not a valid duration string: "5 s"'],
    [
      job('scrape_interval: 5s\nscrape_timeout: 6s'),
      '4:19 scrape timeout greater than scrape interval for scrape config with job name "j"',
    ],
    [
      'global: {scrape_interval: 5s, scrape_timeout: 6s}',
      '1:47 global scrape timeout greater than scrape interval',
    ],
    ['scrape_configs:\n- scheme: http', '2:3 job_name is empty'],
    ['scrape_configs:\n- job_name: a\n- job_name: a', '3:13 found multiple scrape configs with job name "a"'],
    ['scrape_configs:\n-\n', '2:2 empty or null scrape config section'],
    ['scrape_configs: {a: b}', '1:17 must be a list of jobs'],
    [
      job('static_configs:\n- targets: ["http://x:1/metrics"]'),
      '4:15 "http://x:1/metrics" is not a valid hostname',
    ],
    [job('scheme: ftp'), '3:11 must be http or https'],
    [job('body_size_limit: 5'), '3:20 must be a size with a unit such as 100MB, or 0'],
    [job('sample_limit: -1'), '3:17 must be a whole number, 0 or more'],
    [job('honor_labels: maybe'), '3:17 must be true or false'],
    [
      job('scrape_protocols: [PrometheusText0.0.4, PrometheusText0.0.4]'),
      '3:21 duplicated protocol in scrape_protocols, got [PrometheusText0.0.4 PrometheusText0.0.4]',
    ],
    [
      job('basic_auth: {username: a, password: b, password_file: c}'),
      '3:15 at most one of basic_auth password & password_file must be configured',
    ],
    [
      job('basic_auth: {username: a}\nauthorization: {credentials: b}'),
      '4:18 at most one of basic_auth, oauth2 & authorization must be configured',
    ],
    [
      job('authorization: {type: Basic}'),
      '3:18 authorization type cannot be set to "basic", use "basic_auth" instead',
    ],
    [job('oauth2: {client_id: a}'), '3:11 oauth2 token_url must be configured'],
    [
      job('tls_config: {cert_file: a}'),
      '3:15 exactly one of key or key_file must be configured when a client certificate is configured',
    ],
    [job('no_proxy: a'), '3:13 if no_proxy is configured, proxy_url must also be configured'],
    [job('http_headers: {Accept: {values: [x]}}'), '3:26 setting header "Accept" is not allowed'],
    [
      job('relabel_configs:\n- action: hashmod\n  target_label: a'),
      '4:5 relabel configuration for hashmod requires non-zero modulus',
    ],
    [
      job('relabel_configs:\n- source_labels: [a]'),
      "4:5 relabel configuration for replace action requires 'target_label' value",
    ],
    [job('relabel_configs:\n- action: explode'), '4:5 unknown relabel action "explode"'],
    [
      job('relabel_configs:\n- action: labeldrop\n  regex: a\n  target_label: b'),
      "4:5 labeldrop action requires only 'regex', and no other fields",
    ],
    [job('metric_relabel_configs:\n-'), '4:4 must be a section of keys and values'],
    [
      job('file_sd_configs:\n- files: [targets.txt]'),
      '4:13 path name "targets.txt" is not valid for file discovery',
    ],
    [
      job('dns_sd_configs:\n- names: [a]\n  type: A'),
      '4:5 a port is required in DNS-SD configs for all record types except SRV',
    ],
    [job('http_sd_configs:\n- url: ftp://x'), "4:10 URL scheme must be 'http' or 'https'"],
    [
      'scrape_configs: [',
      '1:18 Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ])('%s', (text, expected) => {
    expect(problemsIn(text)).toContain(expected);
  });

  test('all of them at once, and only good jobs come out', () => {
    const { jobs, problems } = load(
      'scrape_configs:\n- job_name: a\n  x: 1\n- job_name: b\n- job_name: c\n  y: 1\n  scheme: z\n',
    );
    expect(jobs.map(({ jobName }) => jobName)).toEqual(['b']);
    expect(problems.map(({ path }) => path)).toEqual([
      'scrape_configs.0.x',
      'scrape_configs.2.scheme',
      'scrape_configs.2.y',
    ]);
  });

  test('a regular expression that RE2 does not know', () => {
    const [problem] = problemsIn(job("relabel_configs:\n- regex: '(?=x)'\n  target_label: a"));
    expect(problem).toMatch(/^4:5 the regular expression "\(\?=x\)" is not valid/);
  });

  test('a discovery that is not supported names the job and what there is', () => {
    const [problem] = problemsIn(job('consul_sd_configs: [{server: x}]'));
    expect(problem).toBe(
      '3:3 job "j" uses consul_sd_configs, which is not supported; there are static_configs, file_sd_configs, http_sd_configs, dns_sd_configs, docker_sd_configs, kubernetes_sd_configs',
    );
  });

  test('a file that is not there', () => {
    expect(loadPrometheusFile(join(folder, 'missing.yml')).problems[0]?.message).toMatch(/^cannot be read/);
  });

  test('aliases that grow without bound', () => {
    const bomb = Array.from(
      { length: 12 },
      (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, *a${i - 1}, *a${i - 1}`}]`,
    );
    expect(problemsIn(bomb.join('\n')).join()).toMatch(/alias/i);
  });
});

describe('the whole file', () => {
  test('is taken apart', () => {
    mkdirSync(join(folder, 'jobs'), { recursive: true });
    writeFileSync(
      join(folder, 'jobs', 'b.yml'),
      'scrape_configs: [{job_name: b, file_sd_configs: [{files: [x.json]}]}]',
    );
    writeFileSync(join(folder, 'jobs', 'c.yml'), 'scrape_configs: [{job_name: c, oops: 1}]');
    writeFileSync(join(folder, 'jobs', 'd.txt'), 'not read');
    const config = load(`
rule_files: [rules/*.yml, /abs/x.yml]
scrape_config_files: [jobs/*.yml]
scrape_configs: [{job_name: a, scrape_failure_log_file: x}]
remote_write: [{url: http://x}]
remote_read: [{url: http://y}]
alerting: {alertmanagers: []}
storage: {tsdb: {}}
`);
    expect(config.jobs.map(({ jobName }) => jobName)).toEqual(['a', 'b']);
    expect(config.jobs[1]?.discoveries).toEqual([
      { kind: 'file', files: [join(folder, 'jobs', 'x.json')], refreshIntervalMs: 300_000 },
    ]);
    expect(config.ruleFiles).toEqual([join(folder, 'rules/*.yml'), '/abs/x.yml']);
    expect(config.remoteWrite).toEqual([{ url: 'http://x' }]);
    expect(config.remoteRead).toEqual([{ url: 'http://y' }]);
    expect(config.warnings.map(({ message }) => message)).toEqual([
      'storage is ignored: retention and storage are set in bellwether.yml',
      'scrape_failure_log_file is ignored: failures are in the log and on the targets page',
    ]);
    expect(config.problems).toEqual([
      expect.objectContaining({ source: join(folder, 'jobs', 'c.yml'), line: 1, column: 32 }),
    ]);
    expect(config.files).toHaveLength(3);
  });

  test('merge keys and anchors work', () => {
    const { jobs, problems } = load(`
scrape_configs:
- &base {job_name: a, scrape_interval: 7s}
- {<<: *base, job_name: b}
`);
    expect(problems).toEqual([]);
    expect(jobs.map(({ jobName, intervalMs }) => [jobName, intervalMs])).toEqual([
      ['a', 7000],
      ['b', 7000],
    ]);
  });
});

test('values that were read already', () => {
  const source = { place: unknownPlace('bellwether.yml'), directory: '/etc/x' };
  const { jobs, problems } = parseScrapeConfigs(
    {
      scrape_configs: [
        {
          job_name: 'j',
          sample_limit: 5,
          honor_labels: true,
          static_configs: [{ targets: ['a:1'], labels: { n: 1 } }],
        },
      ],
    },
    source,
  );
  expect(problems).toEqual([]);
  expect(jobs[0]).toMatchObject({
    honorLabels: true,
    limits: { samples: 5 },
    discoveries: [{ kind: 'static', groups: [{ labels: { n: '1' }, targets: [{ __address__: 'a:1' }] }] }],
  });
});

test('the fingerprint tells what changed', () => {
  const of = (text: string) => load(text).jobs[0]?.fingerprint.replace(/prometheus-\d+/, '');
  const plain = of('scrape_configs: [{job_name: j, scheme: http}]');
  expect(of('{scrape_configs: [{scheme: http, job_name: j}]}')).not.toBe(
    of('scrape_configs: [{job_name: j}]'),
  );
  expect(of('scrape_configs: [{job_name: j, scheme: http}] # comment')).toBe(plain);
  expect(of('global: {scrape_interval: 1s}\nscrape_configs: [{job_name: j, scheme: http}]')).not.toBe(plain);
});

test.each([
  [0, '0s'],
  [15_000, '15s'],
  [60_000, '1m'],
  [90_000, '1m30s'],
  [7 * 86_400_000, '1w'],
  [8 * 86_400_000, '8d'],
  [1500, '1s500ms'],
])('%d ms is %s', (ms, text) => {
  expect(formatPromDuration(ms)).toBe(text);
});
