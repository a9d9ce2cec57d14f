import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';
import type {
  OutboundClient,
  OutboundOptions,
  OutboundRequest,
  OutboundResponse,
} from '../../lib/outbound.ts';
import { FakeClock, settle } from '../../store/testing/fake-clock.ts';
import type { DiscoveryConfig } from '../config/index.ts';
import type { TargetGroup } from '../target-group.ts';
import { dockerTargets } from './docker.ts';
import { createDiscovery, type Discovery, type DiscoveryParts, type DnsResolver } from './index.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

class TestClock extends FakeClock implements Clock {
  elapsed(): number {
    return this.now();
  }
}

/** Starts a discovery; `updates` fills with what it tells. */
function run(config: DiscoveryConfig, parts: Partial<DiscoveryParts> = {}) {
  const clock = new TestClock();
  const updates: (readonly TargetGroup[])[] = [];
  const listeners: (() => void)[] = [];
  const discovery: Discovery = createDiscovery(config, {
    clock,
    log: silentLog,
    jobName: 'j',
    createClient: () => {
      throw new Error('no client in this test');
    },
    watchFolder: () => () => {},
    ...parts,
  });
  discovery.start((groups) => {
    updates.push(groups);
    for (const listener of listeners.splice(0)) listener();
  });
  cleanups.push(() => discovery.stop());
  const next = () => new Promise<void>((resolve) => listeners.push(resolve));
  const addresses = () =>
    updates.at(-1)?.flatMap(({ targets }) => targets.map(({ __address__ }) => __address__));
  return { clock, updates, discovery, next, addresses };
}

function answering(answer: (request: OutboundRequest) => Partial<OutboundResponse> | Error) {
  const requests: OutboundRequest[] = [];
  const options: Omit<OutboundOptions, 'policy'>[] = [];
  const createClient = (given: Omit<OutboundOptions, 'policy'>): OutboundClient => {
    options.push(given);
    return {
      async request(request) {
        requests.push(request);
        const given = answer(request);
        if (given instanceof Error) throw given;
        const { body = new Uint8Array() } = given;
        return {
          status: 200,
          statusText: 'OK',
          headers: {},
          receivedBytes: body.byteLength,
          url: request.url,
          ...given,
          body,
        };
      },
      close: async () => {},
    };
  };
  return { createClient, requests, options };
}

const json = (value: unknown): Partial<OutboundResponse> => ({
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: Buffer.from(JSON.stringify(value)),
});

describe('files', () => {
  function folderWith(files: Record<string, string>) {
    const folder = mkdtempSync(join(tmpdir(), 'bw-file-sd-'));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  }
  const config = (folder: string, ...names: string[]): DiscoveryConfig => ({
    kind: 'file',
    files: names.map((name) => join(folder, name)),
    refreshIntervalMs: 60_000,
  });

  test('JSON and YAML, with the file as a label', async () => {
    const folder = folderWith({
      'a.json': '[{"targets": ["a:1", "b:2"], "labels": {"env": "x"}}]',
      'b.yml': '- targets: [c:3]\n  labels: {version: 1.10}\n- targets: []\n',
      'c.txt': 'not read',
    });
    const { updates, next } = run(config(folder, '*.json', 'b.yml'));
    await next();
    expect(updates[0]).toEqual([
      {
        source: `${join(folder, 'a.json')}:0`,
        labels: { env: 'x', __meta_filepath: join(folder, 'a.json') },
        targets: [{ __address__: 'a:1' }, { __address__: 'b:2' }],
      },
      expect.objectContaining({ labels: { version: '1.10', __meta_filepath: join(folder, 'b.yml') } }),
      expect.objectContaining({ targets: [] }),
    ]);
  });

  test('what changes is read again; what becomes bad keeps its last good content; what goes away is gone', async () => {
    const folder = folderWith({ 'a.json': '[{"targets": ["a:1"]}]', 'b.json': '[{"targets": ["b:1"]}]' });
    const { clock, next, addresses, updates, discovery } = run(config(folder, '*.json'));
    await next();
    expect(addresses()).toEqual(['a:1', 'b:1']);
    writeFileSync(join(folder, 'a.json'), '[{"targets": ["a:2"]}]');
    writeFileSync(join(folder, 'b.json'), '[{"targets": ["b:');
    const changed = next();
    await clock.pass(60_000);
    await changed;
    expect(addresses()).toEqual(['a:2', 'b:1']);
    expect(discovery.lastError).toContain('b.json');
    rmSync(join(folder, 'b.json'));
    const gone = next();
    await clock.pass(60_000);
    await gone;
    expect(addresses()).toEqual(['a:2']);
    expect(discovery.lastError).toBeUndefined();
    expect(updates).toHaveLength(3);
  });

  test('a change is noticed by watching the folder', async () => {
    const folder = folderWith({ 'a.json': '[{"targets": ["a:1"]}]' });
    let notify = () => {};
    const watched: string[] = [];
    const { clock, next, addresses } = run(config(folder, 'a.json'), {
      watchFolder(path, onChange) {
        watched.push(path);
        notify = onChange;
        return () => {};
      },
    });
    await next();
    writeFileSync(join(folder, 'new'), '[{"targets": ["a:9"]}]');
    renameSync(join(folder, 'new'), join(folder, 'a.json'));
    const changed = next();
    notify();
    await clock.pass(100);
    await changed;
    expect(addresses()).toEqual(['a:9']);
    expect(watched).toEqual([folder]);
  });

  test('the real watcher', async () => {
    const folder = folderWith({ 'a.json': '[{"targets": ["a:1"]}]' });
    // Time that passes at once: only the watcher's call is waited for.
    const clock: Clock = {
      now: () => 0,
      elapsed: () => 0,
      after: (ms, call) => {
        if (ms < 1000) setImmediate(call);
        return () => {};
      },
    };
    const { next, addresses } = run(config(folder, 'a.json'), { clock, watchFolder: undefined });
    await next();
    const changed = next();
    writeFileSync(join(folder, 'b'), '[{"targets": ["a:5"]}]');
    renameSync(join(folder, 'b'), join(folder, 'a.json'));
    await changed;
    expect(addresses()).toEqual(['a:5']);
  });

  test.each([
    '{}',
    '[3]',
    '[{"targets": "a"}]',
    '[{"target": ["a"]}]',
    '[{"targets": [{}]}]',
    '[{"labels": {"a": []}}]',
  ])('%s is no list of groups', async (text) => {
    const folder = folderWith({ 'a.json': text, 'b.json': '[{"targets": ["b:1"]}]' });
    const { next, addresses, discovery } = run(config(folder, '*.json'));
    await next();
    expect(addresses()).toEqual(['b:1']);
    expect(discovery.lastError).toContain('a.json');
  });
});

describe('HTTP', () => {
  const config: DiscoveryConfig = { kind: 'http', url: 'http://sd/x', refreshIntervalMs: 30_000, http: {} };

  test('groups, and the last good ones through failures', async () => {
    let answer: Partial<OutboundResponse> | Error = json([{ targets: ['a:1'], labels: { l: 'v' } }]);
    const { createClient, requests } = answering(() => answer);
    const { clock, updates, discovery } = run(config, { createClient });
    await settle();
    expect(updates).toEqual([
      [
        {
          source: 'http://sd/x:0',
          labels: { l: 'v', __meta_url: 'http://sd/x' },
          targets: [{ __address__: 'a:1' }],
        },
      ],
    ]);
    expect(requests[0]?.headers).toMatchObject({ 'x-prometheus-refresh-interval-seconds': '30' });
    const failures: [Partial<OutboundResponse> | Error, string][] = [
      [{ status: 500 }, 'server returned HTTP status 500'],
      [{ headers: { 'content-type': 'text/html' } }, 'unsupported content type "text/html"'],
      [new Error('no connection'), 'no connection'],
      [json({ oops: 1 }), 'the list of target groups is not a list'],
    ];
    for (const [failure, message] of failures) {
      answer = failure;
      await clock.pass(30_000);
      expect(discovery.lastError).toBe(message);
    }
    answer = json([]);
    await clock.pass(30_000);
    expect(updates).toEqual([expect.anything(), []]);
    expect(discovery.lastError).toBeUndefined();
  });

  test('a stopped one asks no more', async () => {
    const { createClient, requests } = answering(() => json([]));
    const { clock, discovery } = run(config, { createClient });
    await settle();
    discovery.stop();
    await clock.pass(120_000);
    expect(requests).toHaveLength(1);
  });
});

describe('DNS', () => {
  const missing = Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
  const resolver: DnsResolver = {
    resolve4: async (name) => {
      if (name === 'gone') throw missing;
      if (name === 'broken') throw new Error('SERVFAIL');
      return ['10.0.0.2', '10.0.0.1'];
    },
    resolve6: async () => ['fd00::1'],
    resolveSrv: async () => [{ name: 'host.example.', port: 9100 }],
    resolveMx: async () => [{ exchange: 'mx.example.' }],
    resolveNs: async () => ['ns.example.'],
  };
  const start = (type: 'A' | 'AAAA' | 'SRV' | 'MX' | 'NS', ...names: string[]) =>
    run(
      { kind: 'dns', type, names, port: type === 'SRV' ? undefined : 80, refreshIntervalMs: 30_000 },
      { resolver },
    );

  test.each([
    ['AAAA', { __address__: '[fd00::1]:80', __meta_dns_name: 'n' }],
    [
      'SRV',
      {
        __address__: 'host.example:9100',
        __meta_dns_name: 'n',
        __meta_dns_srv_record_target: 'host.example.',
        __meta_dns_srv_record_port: '9100',
      },
    ],
    [
      'MX',
      { __address__: 'mx.example:80', __meta_dns_name: 'n', __meta_dns_mx_record_target: 'mx.example.' },
    ],
    [
      'NS',
      { __address__: 'ns.example:80', __meta_dns_name: 'n', __meta_dns_ns_record_target: 'ns.example.' },
    ],
  ] as const)('%s records', async (type, expected) => {
    const { updates } = start(type, 'n');
    await settle();
    expect(updates[0]?.[0]?.targets).toEqual([expected]);
  });

  test('a name that is missing has no targets; one that fails does not hurt the others', async () => {
    const { addresses } = start('A', 'gone', 'broken', 'n');
    await settle();
    expect(addresses()).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
  });

  test('when all fail nothing is told', async () => {
    const { updates, discovery } = start('A', 'broken');
    await settle();
    expect(updates).toEqual([]);
    expect(discovery.lastError).toBe('broken: SERVFAIL');
  });
});

describe('Docker', () => {
  const options = { port: 80, hostNetworkingHost: 'localhost', matchFirstNetwork: true };
  const web = {
    Id: 'id1',
    Names: ['/web'],
    Labels: { 'com.example/x': 'y' },
    HostConfig: { NetworkMode: 'front' },
    NetworkSettings: {
      Networks: {
        zeta: { NetworkID: 'n2', IPAddress: '172.19.0.2' },
        front: { NetworkID: 'n1', IPAddress: '172.18.0.2' },
      },
    },
    Ports: [
      { IP: '0.0.0.0', PrivatePort: 8080, PublicPort: 18_080, Type: 'tcp' },
      { PrivatePort: 9000, Type: 'tcp' },
      { PrivatePort: 53, Type: 'udp' },
    ],
  };
  const networks = [
    { Id: 'n1', Name: 'front', Scope: 'local', Internal: false, Ingress: false, Labels: { a: 'b' } },
  ];

  test('each TCP port of the first network', () => {
    const targets = dockerTargets([web], networks, options);
    expect(targets.map(({ __address__ }) => __address__)).toEqual(['172.18.0.2:8080', '172.18.0.2:9000']);
    expect(targets[0]).toEqual({
      __address__: '172.18.0.2:8080',
      __meta_docker_container_id: 'id1',
      __meta_docker_container_label_com_example_x: 'y',
      __meta_docker_container_name: '/web',
      __meta_docker_container_network_mode: 'front',
      __meta_docker_network_id: 'n1',
      __meta_docker_network_ingress: 'false',
      __meta_docker_network_internal: 'false',
      __meta_docker_network_ip: '172.18.0.2',
      __meta_docker_network_label_a: 'b',
      __meta_docker_network_name: 'front',
      __meta_docker_network_scope: 'local',
      __meta_docker_port_private: '8080',
      __meta_docker_port_public: '18080',
      __meta_docker_port_public_ip: '0.0.0.0',
    });
  });

  test('every network when asked for', () => {
    expect(dockerTargets([web], networks, { ...options, matchFirstNetwork: false })).toHaveLength(4);
  });

  test('host networking, shared networking, circles', () => {
    const host = {
      Id: 'h',
      Names: ['/h'],
      HostConfig: { NetworkMode: 'host' },
      NetworkSettings: { Networks: { host: { IPAddress: '' } } },
    };
    const side = {
      Id: 's',
      Names: ['/s'],
      HostConfig: { NetworkMode: 'container:id1' },
      NetworkSettings: { Networks: {} },
    };
    const lost = { Id: 'l', Names: ['/l'], HostConfig: { NetworkMode: 'container:l' } };
    const targets = dockerTargets([web, host, side, lost], networks, options);
    expect(targets.map(({ __address__ }) => __address__).slice(2)).toEqual(['localhost', '172.18.0.2:80']);
  });

  test('asks the engine over its socket', async () => {
    const {
      createClient,
      requests,
      options: given,
    } = answering(({ url }) => json(url.includes('containers') ? [web] : networks));
    const { addresses } = run(
      {
        kind: 'docker',
        host: 'unix:///var/run/docker.sock',
        filters: [{ name: 'label', values: ['a'] }],
        refreshIntervalMs: 60_000,
        http: {},
        ...options,
      },
      { createClient },
    );
    await settle();
    expect(addresses()).toEqual(['172.18.0.2:8080', '172.18.0.2:9000']);
    expect(given[0]).toMatchObject({ socketPath: '/var/run/docker.sock' });
    expect(requests.map(({ url }) => url)).toEqual([
      'http://docker/v1.29/containers/json?filters=%7B%22label%22%3A%5B%22a%22%5D%7D',
      'http://docker/v1.29/networks',
    ]);
  });
});

describe('Kubernetes', () => {
  const pod = {
    metadata: {
      name: 'web-1',
      namespace: 'shop',
      uid: 'u1',
      labels: { 'app.kubernetes.io/name': 'web' },
      annotations: { 'prometheus.io/scrape': 'true' },
      ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true }],
    },
    spec: {
      nodeName: 'n1',
      containers: [
        {
          name: 'main',
          image: 'web:1',
          ports: [
            { name: 'http', containerPort: 8080, protocol: 'TCP' },
            { containerPort: 9090, protocol: 'TCP' },
          ],
        },
      ],
      initContainers: [{ name: 'init', image: 'i:1' }],
    },
    status: {
      podIP: '10.0.0.5',
      hostIP: '192.168.0.1',
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'main', containerID: 'docker://abc' }],
    },
  };
  const node = {
    metadata: { name: 'n1', labels: { zone: 'a' } },
    spec: { providerID: 'p://1' },
    status: {
      addresses: [
        { type: 'Hostname', address: 'host1' },
        { type: 'InternalIP', address: '192.168.0.1' },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
    },
  };
  const service = {
    metadata: { name: 'web', namespace: 'shop', labels: { tier: 'front' } },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  };
  const targetRef = { kind: 'Pod', name: 'web-1', namespace: 'shop' };
  const endpoints = {
    metadata: { name: 'web', namespace: 'shop' },
    subsets: [
      {
        addresses: [{ ip: '10.0.0.5', nodeName: 'n1', targetRef }],
        notReadyAddresses: [{ ip: '10.0.0.6' }],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ],
  };
  const slice = {
    metadata: { name: 'web-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [
      {
        addresses: ['10.0.0.5'],
        conditions: { ready: true, serving: true },
        nodeName: 'n1',
        zone: 'a',
        targetRef,
      },
    ],
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  };
  const ingress = {
    metadata: { name: 'front', namespace: 'shop' },
    spec: {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['*.example.com'] }],
      rules: [{ host: 'a.example.com', http: { paths: [{ path: '/x' }, {}] } }, { host: 'plain.org' }],
    },
  };
  const lists: Record<string, unknown[]> = {
    '/api/v1/nodes': [node],
    '/api/v1/pods': [pod],
    '/api/v1/services': [service],
    '/api/v1/endpoints': [endpoints],
    '/api/v1/namespaces': [{ metadata: { name: 'shop', labels: { team: 't' } } }],
    '/apis/discovery.k8s.io/v1/endpointslices': [slice],
    '/apis/networking.k8s.io/v1/ingresses': [ingress],
  };

  async function groupsOf(role: string, more: Record<string, unknown> = {}) {
    const given = answering(({ url }) => json({ items: lists[new URL(url).pathname] ?? [] }));
    const config = {
      kind: 'kubernetes',
      role,
      apiServer: 'http://api',
      namespaces: [],
      ownNamespace: false,
      selectors: [],
      attachNode: false,
      attachNamespace: false,
      http: {},
      ...more,
    } as DiscoveryConfig;
    const { updates, discovery } = run(config, { createClient: given.createClient });
    await settle();
    expect(discovery.lastError).toBeUndefined();
    return { groups: updates[0]!, requests: given.requests };
  }

  test('nodes', async () => {
    const { groups } = await groupsOf('node');
    expect(groups).toEqual([
      {
        source: 'node/n1',
        labels: {
          __meta_kubernetes_node_name: 'n1',
          __meta_kubernetes_node_provider_id: 'p://1',
          __meta_kubernetes_node_label_zone: 'a',
          __meta_kubernetes_node_labelpresent_zone: 'true',
        },
        targets: [
          {
            __address__: '192.168.0.1:10250',
            instance: 'n1',
            __meta_kubernetes_node_address_Hostname: 'host1',
            __meta_kubernetes_node_address_InternalIP: '192.168.0.1',
          },
        ],
      },
    ]);
  });

  test('pods: one target per port, one per container without', async () => {
    const { groups } = await groupsOf('pod', { attachNode: true, attachNamespace: true });
    expect(groups[0]?.labels).toEqual({
      __meta_kubernetes_namespace: 'shop',
      __meta_kubernetes_namespace_label_team: 't',
      __meta_kubernetes_namespace_labelpresent_team: 'true',
      __meta_kubernetes_node_label_zone: 'a',
      __meta_kubernetes_node_labelpresent_zone: 'true',
      __meta_kubernetes_node_name: 'n1',
      __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true',
      __meta_kubernetes_pod_annotationpresent_prometheus_io_scrape: 'true',
      __meta_kubernetes_pod_controller_kind: 'ReplicaSet',
      __meta_kubernetes_pod_controller_name: 'web',
      __meta_kubernetes_pod_host_ip: '192.168.0.1',
      __meta_kubernetes_pod_ip: '10.0.0.5',
      __meta_kubernetes_pod_label_app_kubernetes_io_name: 'web',
      __meta_kubernetes_pod_labelpresent_app_kubernetes_io_name: 'true',
      __meta_kubernetes_pod_name: 'web-1',
      __meta_kubernetes_pod_node_name: 'n1',
      __meta_kubernetes_pod_phase: 'Running',
      __meta_kubernetes_pod_ready: 'true',
      __meta_kubernetes_pod_uid: 'u1',
    });
    expect(groups[0]?.targets.map(({ __address__ }) => __address__)).toEqual([
      '10.0.0.5:8080',
      '10.0.0.5:9090',
      '10.0.0.5',
    ]);
    expect(groups[0]?.targets[0]).toMatchObject({
      __meta_kubernetes_pod_container_id: 'docker://abc',
      __meta_kubernetes_pod_container_image: 'web:1',
      __meta_kubernetes_pod_container_init: 'false',
      __meta_kubernetes_pod_container_name: 'main',
      __meta_kubernetes_pod_container_port_name: 'http',
      __meta_kubernetes_pod_container_port_number: '8080',
      __meta_kubernetes_pod_container_port_protocol: 'TCP',
    });
    expect(groups[0]?.targets[2]).toMatchObject({ __meta_kubernetes_pod_container_init: 'true' });
  });

  test('services', async () => {
    const { groups } = await groupsOf('service');
    expect(groups[0]?.targets).toEqual([
      {
        __address__: 'web.shop.svc:80',
        __meta_kubernetes_service_cluster_ip: '10.96.0.1',
        __meta_kubernetes_service_port_name: 'http',
        __meta_kubernetes_service_port_number: '80',
        __meta_kubernetes_service_port_protocol: 'TCP',
        __meta_kubernetes_service_type: 'ClusterIP',
      },
    ]);
  });

  test.each([
    ['endpoints', 'endpoint', 3],
    ['endpointslice', 'endpointslice', 2],
  ])('%s: with labels of service and pod, and the other ports of the pod', async (role, prefix, count) => {
    const { groups } = await groupsOf(role);
    const [group] = groups;
    expect(group?.labels).toMatchObject({
      __meta_kubernetes_namespace: 'shop',
      __meta_kubernetes_service_name: 'web',
      __meta_kubernetes_service_label_tier: 'front',
    });
    expect(group?.targets[0]).toMatchObject({
      __address__: '10.0.0.5:8080',
      [`__meta_kubernetes_${prefix}_address_target_name`]: 'web-1',
      [`__meta_kubernetes_${prefix}_port_name`]: 'http',
      __meta_kubernetes_pod_name: 'web-1',
      __meta_kubernetes_pod_container_name: 'main',
    });
    expect(group?.targets).toHaveLength(count);
    expect(group?.targets.at(-1)).toMatchObject({
      __address__: '10.0.0.5:9090',
      __meta_kubernetes_pod_name: 'web-1',
    });
  });

  test('ingresses', async () => {
    const { groups } = await groupsOf('ingress');
    const seen = groups[0]?.targets.map(
      (target) =>
        `${target.__meta_kubernetes_ingress_scheme} ${target.__address__} ${target.__meta_kubernetes_ingress_path}`,
    );
    expect(seen).toEqual(['https a.example.com /x', 'https a.example.com /', 'http plain.org /']);
  });

  test('namespaces and selectors go into the request', async () => {
    const { requests } = await groupsOf('pod', {
      namespaces: ['a', 'b'],
      selectors: [{ role: 'pod', label: 'app=x', field: 'status.phase=Running' }],
    });
    expect(requests.map(({ url }) => url)).toEqual([
      'http://api/api/v1/namespaces/a/pods?limit=500&labelSelector=app%3Dx&fieldSelector=status.phase%3DRunning',
      'http://api/api/v1/namespaces/b/pods?limit=500&labelSelector=app%3Dx&fieldSelector=status.phase%3DRunning',
    ]);
  });

  test('long lists come in pages', async () => {
    const { createClient, requests } = answering(({ url }) =>
      json(
        url.includes('continue=t1')
          ? { items: [node] }
          : { items: [{ ...node, metadata: { name: 'n0' } }], metadata: { continue: 't1' } },
      ),
    );
    const config = {
      kind: 'kubernetes',
      role: 'node',
      apiServer: 'http://api/',
      namespaces: [],
      ownNamespace: false,
      selectors: [],
      attachNode: false,
      attachNamespace: false,
      http: {},
    } as DiscoveryConfig;
    const { updates } = run(config, { createClient });
    await settle();
    expect(updates[0]?.map(({ source }) => source)).toEqual(['node/n0', 'node/n1']);
    expect(requests).toHaveLength(2);
  });
});
