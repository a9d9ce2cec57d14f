import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OutboundClient, OutboundOptions } from '../../lib/outbound.ts';
import type { KubernetesDiscoveryConfig, KubernetesRole } from '../config/discovery-config.ts';
import type { TargetGroup } from '../target-group.ts';
import {
  type Discovery,
  type DiscoveryParts,
  joinHostPort,
  MAX_DISCOVERY_BYTES,
  MAX_DISCOVERY_MS,
  RefreshingDiscovery,
} from './discovery.ts';
import type { KubeNode, KubeObject, KubePod, KubeService } from './kubernetes-objects.ts';
import {
  attachedNamespace,
  endpointSliceGroup,
  endpointsGroup,
  ingressGroup,
  type KubeLookup,
  keyOf,
  nodeGroup,
  podGroup,
  serviceGroup,
} from './kubernetes-targets.ts';

/** The lists are read again this often; changes are not watched for. */
const POLL_MS = 30_000;
/** Objects asked for at a time, and how often for one list. */
const PAGE_OBJECTS = 500;
const MAX_PAGES = 1000;

/** What every pod finds in its file system. */
const POD_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

type Kind = KubernetesRole | 'namespace';

const PATHS: Readonly<Record<Kind, readonly [api: string, plural: string]>> = {
  node: ['/api/v1', 'nodes'],
  namespace: ['/api/v1', 'namespaces'],
  pod: ['/api/v1', 'pods'],
  service: ['/api/v1', 'services'],
  endpoints: ['/api/v1', 'endpoints'],
  endpointslice: ['/apis/discovery.k8s.io/v1', 'endpointslices'],
  ingress: ['/apis/networking.k8s.io/v1', 'ingresses'],
};

/** Targets from the API of a Kubernetes cluster, polled. */
export function kubernetesDiscovery(config: KubernetesDiscoveryConfig, parts: DiscoveryParts): Discovery {
  const server = config.apiServer ?? serverOfPod(process.env);
  const client = parts.createClient(config.apiServer === undefined ? clientOfPod(config.http) : config.http);
  return new RefreshingDiscovery(parts, {
    kind: 'kubernetes',
    intervalMs: POLL_MS,
    refresh: () => refresh(new Api(server, config, client), config),
    close: () => client.close(),
  });
}

function serverOfPod(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  return host === undefined || port === undefined ? undefined : `https://${joinHostPort(host, port)}`;
}

function clientOfPod(http: KubernetesDiscoveryConfig['http']): Omit<OutboundOptions, 'policy'> {
  return {
    ...http,
    credentials: {
      kind: 'authorization',
      type: 'Bearer',
      credentialsFile: join(POD_FOLDER, 'token'),
    },
    tls: { ...http.tls, caFile: join(POD_FOLDER, 'ca.crt') },
  };
}

async function refresh(api: Api, config: KubernetesDiscoveryConfig): Promise<TargetGroup[]> {
  const { role } = config;
  const hasBackends = role === 'endpoints' || role === 'endpointslice';
  const [objects, services, pods, nodes, namespaces] = await Promise.all([
    api.list<KubeObject>(role),
    hasBackends ? api.list<KubeService>('service') : [],
    hasBackends ? api.list<KubePod>('pod') : [],
    config.attachNode ? api.list<KubeNode>('node') : [],
    config.attachNamespace ? api.list<KubeObject>('namespace') : [],
  ]);
  const lookup: KubeLookup = {
    services: new Map(services.map((service) => [keyOf(service), service])),
    pods: new Map(pods.map((pod) => [keyOf(pod), pod])),
    nodes: new Map(nodes.map((node) => [node.metadata.name, node])),
  };
  const groups = objects.map((object) => groupOf(role, object, lookup));
  if (!config.attachNamespace) return groups;
  const byName = new Map(
    namespaces.map((namespace) => [namespace.metadata.name, attachedNamespace(namespace)]),
  );
  return groups.map((group) => ({
    ...group,
    labels: { ...group.labels, ...byName.get(group.labels.__meta_kubernetes_namespace ?? '') },
  }));
}

function groupOf(role: KubernetesRole, object: KubeObject, lookup: KubeLookup): TargetGroup {
  switch (role) {
    case 'node':
      return nodeGroup(object);
    case 'service':
      return serviceGroup(object);
    case 'pod':
      return podGroup(object, lookup.nodes);
    case 'endpoints':
      return endpointsGroup(object, lookup);
    case 'endpointslice':
      return endpointSliceGroup(object, lookup);
    case 'ingress':
      return ingressGroup(object);
  }
}

class Api {
  readonly #server: string | undefined;
  readonly #config: KubernetesDiscoveryConfig;
  readonly #client: OutboundClient;

  constructor(server: string | undefined, config: KubernetesDiscoveryConfig, client: OutboundClient) {
    this.#server = server;
    this.#config = config;
    this.#client = client;
  }

  /** All objects of a kind in the namespaces that are looked at. */
  async list<T extends KubeObject>(kind: Kind): Promise<T[]> {
    const [api, plural] = PATHS[kind];
    const namespaces = kind === 'node' || kind === 'namespace' ? [] : this.#namespaces();
    if (namespaces.length === 0) return this.#listAt<T>(`${api}/${plural}`, kind);
    const lists = await Promise.all(
      namespaces.map((name) =>
        this.#listAt<T>(`${api}/namespaces/${encodeURIComponent(name)}/${plural}`, kind),
      ),
    );
    return lists.flat();
  }

  #namespaces(): string[] {
    const file = join(POD_FOLDER, 'namespace');
    const own = this.#config.ownNamespace && existsSync(file) ? [readFileSync(file, 'utf8').trim()] : [];
    return [...new Set([...this.#config.namespaces, ...own])];
  }

  async #listAt<T extends KubeObject>(path: string, kind: Kind): Promise<T[]> {
    if (this.#server === undefined)
      throw new Error('not in a cluster: KUBERNETES_SERVICE_HOST is not set; give api_server');
    const items: T[] = [];
    let next = '';
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = this.#query(kind, next);
      const response = await this.#client.request({
        url: `${this.#server.replace(/\/$/, '')}${path}?${query}`,
        headers: { accept: 'application/json', 'accept-encoding': 'gzip' },
        timeoutMs: MAX_DISCOVERY_MS,
        maxBodyBytes: MAX_DISCOVERY_BYTES,
      });
      if (response.status !== 200) throw new Error(`${path}: server returned HTTP status ${response.status}`);
      const list = JSON.parse(Buffer.from(response.body).toString('utf8')) as {
        items?: T[] | null;
        metadata?: { continue?: string };
      };
      items.push(...(list.items ?? []));
      next = list.metadata?.continue ?? '';
      if (next === '') return items;
    }
    throw new Error(`${path}: more than ${MAX_PAGES * PAGE_OBJECTS} objects`);
  }

  #query(kind: Kind, next: string): URLSearchParams {
    const query = new URLSearchParams({ limit: String(PAGE_OBJECTS) });
    if (next !== '') query.set('continue', next);
    const selector = this.#config.selectors.find(({ role }) => role === kind);
    if (selector !== undefined && selector.label !== '') query.set('labelSelector', selector.label);
    if (selector !== undefined && selector.field !== '') query.set('fieldSelector', selector.field);
    return query;
  }
}
