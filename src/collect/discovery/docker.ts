import type { DockerDiscoveryConfig } from '../config/discovery-config.ts';
import { ADDRESS, type TargetGroup } from '../target-group.ts';
import {
  type Discovery,
  type DiscoveryParts,
  joinHostPort,
  MAX_DISCOVERY_BYTES,
  MAX_DISCOVERY_MS,
  RefreshingDiscovery,
  sanitizeLabelName,
} from './discovery.ts';

/** The oldest API version that has all that is asked for; every Docker since 17.05 speaks it. */
const API = '/v1.29';

interface Network {
  readonly NetworkID?: string;
  readonly IPAddress?: string;
}

interface Container {
  readonly Id: string;
  readonly Names?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly HostConfig?: { readonly NetworkMode?: string };
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, Network>> | null } | null;
  readonly Ports?: readonly DockerPort[] | null;
}

interface DockerPort {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

interface DockerNetwork {
  readonly Id: string;
  readonly Name?: string;
  readonly Scope?: string;
  readonly Internal?: boolean;
  readonly Ingress?: boolean;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

type LabelSet = Readonly<Record<string, string>>;

/** Targets from the containers of a Docker engine, one per network and TCP port. */
export function dockerDiscovery(config: DockerDiscoveryConfig, parts: DiscoveryParts): Discovery {
  const isSocket = config.host.startsWith('unix://');
  const base = isSocket
    ? 'http://docker'
    : config.host.replace(/^tcp:/, config.http.tls ? 'https:' : 'http:');
  const client = parts.createClient({
    ...config.http,
    ...(isSocket && { socketPath: config.host.slice('unix://'.length) }),
  });
  const get = async (path: string): Promise<unknown> => {
    const response = await client.request({
      url: `${base.replace(/\/$/, '')}${API}${path}`,
      headers: { accept: 'application/json' },
      timeoutMs: Math.min(config.refreshIntervalMs, MAX_DISCOVERY_MS),
      maxBodyBytes: MAX_DISCOVERY_BYTES,
    });
    if (response.status !== 200) throw new Error(`Docker answered with status ${response.status}`);
    return JSON.parse(Buffer.from(response.body).toString('utf8'));
  };
  const filters = Object.fromEntries(config.filters.map(({ name, values }) => [name, values]));
  const query = config.filters.length === 0 ? '' : `?filters=${encodeURIComponent(JSON.stringify(filters))}`;
  const refresh = async (): Promise<TargetGroup[]> => {
    const containers = (await get(`/containers/json${query}`)) as readonly Container[];
    const networks = (await get('/networks')) as readonly DockerNetwork[];
    return [{ source: 'Docker', labels: {}, targets: dockerTargets(containers, networks, config) }];
  };
  return new RefreshingDiscovery(parts, {
    kind: 'docker',
    intervalMs: config.refreshIntervalMs,
    refresh,
    close: () => client.close(),
  });
}

export function dockerTargets(
  containers: readonly Container[],
  networks: readonly DockerNetwork[],
  config: Pick<DockerDiscoveryConfig, 'port' | 'hostNetworkingHost' | 'matchFirstNetwork'>,
): LabelSet[] {
  const byId = new Map(containers.map((container) => [container.Id, container]));
  const labelsOfNetwork = new Map(networks.map((network) => [network.Id, networkLabels(network)]));
  return containers.flatMap((container) => {
    if (container.Names?.[0] === undefined) return [];
    const common = containerLabels(container, container.Names[0]);
    return networksOf(container, byId, config.matchFirstNetwork).flatMap((network) => {
      const shared = { ...common, ...labelsOfNetwork.get(network.NetworkID ?? '') };
      return portTargets(container, network, shared, config);
    });
  });
}

function portTargets(
  container: Container,
  { IPAddress: address = '' }: Network,
  shared: LabelSet,
  config: Pick<DockerDiscoveryConfig, 'port' | 'hostNetworkingHost'>,
): LabelSet[] {
  const withIp = { __meta_docker_network_ip: address, ...shared };
  const ports = (container.Ports ?? []).filter(({ Type }) => Type === 'tcp');
  if (ports.length === 0) {
    const isHost = container.HostConfig?.NetworkMode === 'host';
    return [
      { [ADDRESS]: isHost ? config.hostNetworkingHost : joinHostPort(address, config.port), ...withIp },
    ];
  }
  return ports.map(({ PrivatePort, PublicPort = 0, IP = '' }) => ({
    [ADDRESS]: joinHostPort(address, PrivatePort),
    ...withIp,
    __meta_docker_port_private: String(PrivatePort),
    ...(PublicPort > 0 && {
      __meta_docker_port_public: String(PublicPort),
      __meta_docker_port_public_ip: IP,
    }),
  }));
}

/** Containers may share the network of another one, which may share that of a third. */
function networksOf(
  container: Container,
  byId: ReadonlyMap<string, Container>,
  isFirstOnly: boolean,
): readonly Network[] {
  let owner: Container | undefined = container;
  const seen = new Set<Container>();
  while (owner !== undefined && !seen.has(owner)) {
    seen.add(owner);
    const networks: Readonly<Record<string, Network>> = owner.NetworkSettings?.Networks ?? {};
    const names = Object.keys(networks).sort();
    if (names.length > 0) return (isFirstOnly ? names.slice(0, 1) : names).map((name) => networks[name]!);
    const mode: string = owner.HostConfig?.NetworkMode ?? '';
    owner = mode.startsWith('container:') ? byId.get(mode.slice('container:'.length)) : undefined;
  }
  return [];
}

function containerLabels(container: Container, name: string): LabelSet {
  return {
    __meta_docker_container_id: container.Id,
    __meta_docker_container_name: name,
    __meta_docker_container_network_mode: container.HostConfig?.NetworkMode ?? '',
    ...prefixed('__meta_docker_container_label_', container.Labels),
  };
}

function networkLabels(network: DockerNetwork): LabelSet {
  return {
    __meta_docker_network_id: network.Id,
    __meta_docker_network_name: network.Name ?? '',
    __meta_docker_network_scope: network.Scope ?? '',
    __meta_docker_network_internal: String(network.Internal ?? false),
    __meta_docker_network_ingress: String(network.Ingress ?? false),
    ...prefixed('__meta_docker_network_label_', network.Labels),
  };
}

function prefixed(prefix: string, labels: Readonly<Record<string, string>> | null | undefined): LabelSet {
  return Object.fromEntries(
    Object.entries(labels ?? {}).map(([name, value]) => [prefix + sanitizeLabelName(name), value]),
  );
}
