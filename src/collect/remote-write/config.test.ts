import { describe, expect, test } from 'vitest';
import { unknownPlace } from '../../prom-config/index.ts';
import { parseRemoteWriteConfigs } from './index.ts';

const parse = (...list: unknown[]) =>
  parseRemoteWriteConfigs(list, { place: unknownPlace('x.yml'), directory: '/etc/x' });
const mistakes = (...list: unknown[]) =>
  parse(...list).problems.map(({ path, message }) => `${path}: ${message}`);

describe('remote_write', () => {
  test('defaults', () => {
    const { configs, problems } = parse({ url: 'http://a/write' });
    expect(problems).toEqual([]);
    expect(configs).toMatchObject([
      {
        name: expect.stringMatching(/^[0-9a-f]{6}$/),
        url: 'http://a/write',
        message: 'prometheus.WriteRequest',
        timeoutMs: 30_000,
        sendsExemplars: false,
        sendsNativeHistograms: false,
        queue: {
          ...{
            capacity: 10_000,
            minShards: 1,
            maxShards: 50,
            maxSamplesPerSend: 2000,
            batchSendDeadlineMs: 5000,
          },
          ...{ minBackoffMs: 30, maxBackoffMs: 5000, retryOnHttp429: true, sampleAgeLimitMs: 0 },
        },
        metadata: { isSent: true, intervalMs: 60_000, maxPerSend: 2000 },
        http: { followRedirects: true },
      },
    ]);
  });

  test('everything that Prometheus has', () => {
    const { configs, problems } = parse({
      url: 'https://a/write',
      name: 'far',
      protobuf_message: 'io.prometheus.write.v2.Request',
      remote_timeout: '1m',
      headers: { 'X-Scope-OrgID': 'me' },
      write_relabel_configs: [{ regex: 'x', action: 'labeldrop' }],
      send_exemplars: true,
      send_native_histograms: true,
      round_robin_dns: true,
      basic_auth: { username: 'u', password_file: 'p' },
      tls_config: { insecure_skip_verify: true },
      proxy_url: 'http://proxy:1',
      follow_redirects: false,
      queue_config: {
        capacity: 1,
        max_shards: 2,
        min_shards: 2,
        retry_on_http_429: false,
        sample_age_limit: '1d',
      },
      metadata_config: { send: false, send_interval: '5m', max_samples_per_send: 7 },
    });
    expect(problems).toEqual([]);
    expect(configs[0]).toMatchObject({
      name: 'far',
      message: 'io.prometheus.write.v2.Request',
      timeoutMs: 60_000,
      headers: { 'X-Scope-OrgID': 'me' },
      sendsExemplars: true,
      queue: { capacity: 1, minShards: 2, retryOnHttp429: false, sampleAgeLimitMs: 86_400_000 },
      metadata: { isSent: false, intervalMs: 300_000, maxPerSend: 7 },
      http: { followRedirects: false, credentials: { kind: 'basic', passwordFile: '/etc/x/p' } },
    });
  });

  test('mistakes are told with their place', () => {
    expect(mistakes({}, { url: 'ftp://x' }, { url: 'http://a', urk: 1 }, 'text')).toEqual([
      '0.url: url for remote_write is empty',
      '1.url: must be a URL with http or https',
      '2.urk: unknown key "urk"; did you mean url?',
      '3: must be a section of keys and values',
    ]);
    expect(
      mistakes({
        url: 'http://a',
        protobuf_message: 'x',
        headers: { Authorization: 'x', 'content-type': 'y', 'a b': 'z' },
        basic_auth: {},
        oauth2: {},
        queue_config: { capacity: 0, min_shards: 9, max_shards: 3, max_backoff: '1ms' },
        metadata_config: { send_interval: '1ms' },
      }).map((mistake) => mistake.slice(0, mistake.indexOf(':'))),
    ).toEqual(
      expect.arrayContaining([
        '0.protobuf_message',
        '0.headers.Authorization',
        '0.headers.content-type',
        '0.headers.a b',
        '0.oauth2',
        '0.queue_config.capacity',
        '0.queue_config.min_shards',
        '0.queue_config.max_backoff',
        '0.metadata_config.send_interval',
      ]),
    );
    expect(mistakes({ url: 'http://a', sigv4: {} })).toEqual([
      expect.stringContaining('0.sigv4: sigv4 is not supported here'),
    ]);
  });

  test('names are unique; without one the URL names the queue', () => {
    expect(mistakes({ url: 'http://a', name: 'x' }, { url: 'http://b', name: 'x' })).toEqual([
      '1.name: found multiple remote write configs with job name "x"',
    ]);
    const names = (...list: object[]) => parse(...list).configs.map(({ name }) => name);
    const [a] = names({ url: 'http://a' });
    expect(
      names({ url: 'http://b' }, { url: 'http://a', remote_timeout: '5s' }, { url: 'http://a' }).slice(1),
    ).toEqual([a, `${a}-2`]);
  });
});
