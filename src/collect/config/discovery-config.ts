import { z } from 'zod';
import {
  bool,
  count,
  duration,
  fromDirectory,
  type HttpClientConfig,
  httpClientFields,
  httpClientProblems,
  labelMap,
  section,
  text,
  textList,
  toHttpClient,
} from '../../prom-config/index.ts';
import { ADDRESS, type TargetGroup } from '../target-group.ts';

export type DnsRecordType = 'A' | 'AAAA' | 'SRV' | 'MX' | 'NS';
export type KubernetesRole = 'node' | 'pod' | 'service' | 'endpoints' | 'endpointslice' | 'ingress';

export interface StaticDiscoveryConfig {
  readonly kind: 'static';
  readonly groups: readonly TargetGroup[];
}

export interface FileDiscoveryConfig {
  readonly kind: 'file';
  /** Absolute; the last part may be a pattern with `*`. */
  readonly files: readonly string[];
  readonly refreshIntervalMs: number;
}

export interface HttpDiscoveryConfig {
  readonly kind: 'http';
  readonly url: string;
  readonly refreshIntervalMs: number;
  readonly http: HttpClientConfig;
}

export interface DnsDiscoveryConfig {
  readonly kind: 'dns';
  readonly names: readonly string[];
  readonly type: DnsRecordType;
  /** Undefined for SRV, whose records bring it. */
  readonly port: number | undefined;
  readonly refreshIntervalMs: number;
}

export interface DockerDiscoveryConfig {
  readonly kind: 'docker';
  /** `unix:///var/run/docker.sock`, `tcp://host:port` or `http(s)://host:port`. */
  readonly host: string;
  /** For containers without published or exposed ports. */
  readonly port: number;
  /** For containers that use the host's network. */
  readonly hostNetworkingHost: string;
  /** Of a container in several networks only the first one's address, so that it is scraped once. */
  readonly matchFirstNetwork: boolean;
  readonly filters: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly refreshIntervalMs: number;
  readonly http: HttpClientConfig;
}

export interface KubernetesDiscoveryConfig {
  readonly kind: 'kubernetes';
  readonly role: KubernetesRole;
  /** Undefined: this process runs in the cluster and uses what its pod was given. */
  readonly apiServer: string | undefined;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** Add the namespace of this pod. */
  readonly ownNamespace: boolean;
  readonly selectors: readonly {
    readonly role: KubernetesRole;
    readonly label: string;
    readonly field: string;
  }[];
  readonly attachNode: boolean;
  readonly attachNamespace: boolean;
  readonly http: HttpClientConfig;
}

export type DiscoveryConfig =
  | StaticDiscoveryConfig
  | FileDiscoveryConfig
  | HttpDiscoveryConfig
  | DnsDiscoveryConfig
  | DockerDiscoveryConfig
  | KubernetesDiscoveryConfig;

/** Keys of `scrape_config` that bring targets. */
export const SUPPORTED_DISCOVERIES = [
  'static_configs',
  'file_sd_configs',
  'http_sd_configs',
  'dns_sd_configs',
  'docker_sd_configs',
  'kubernetes_sd_configs',
] as const;

/** A group as it stands in `static_configs`. */
const staticGroup = section({ targets: textList.default([]), labels: labelMap.default({}) });

const MAX_PORT = 65_535;
const port = count.refine((value) => value <= MAX_PORT, `must be at most ${MAX_PORT}`);

const refreshInterval = (defaultMs: number) =>
  duration.refine((ms) => ms > 0, 'must be longer than 0').default(defaultMs);

const SD_FILE = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;

const fileSd = section({
  files: z
    .array(
      text.superRefine((path, context) => {
        if (!SD_FILE.test(path))
          context.addIssue({
            code: 'custom',
            message: `path name ${JSON.stringify(path)} is not valid for file discovery`,
          });
      }),
    )
    .min(1, 'file service discovery config must contain at least one path name'),
  refresh_interval: refreshInterval(300_000),
});

const httpUrl = text.superRefine((url, context) => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    context.addIssue({ code: 'custom', message: "URL scheme must be 'http' or 'https'" });
});

const withClient = <S extends z.ZodRawShape>(shape: S) =>
  section({ ...httpClientFields, ...shape }).superRefine((config, context) => {
    for (const { path, message } of httpClientProblems(config as never))
      context.addIssue({ code: 'custom', message, path });
  });

const httpSd = withClient({ url: httpUrl, refresh_interval: refreshInterval(60_000) });

const dnsSd = section({
  names: textList.min(1, 'DNS-SD config must contain at least one SRV record name'),
  type: text
    .transform((type) => type.toUpperCase())
    .pipe(z.enum(['A', 'AAAA', 'SRV', 'MX', 'NS'], 'invalid DNS-SD records type'))
    .default('SRV'),
  port: port.default(0),
  refresh_interval: refreshInterval(30_000),
}).superRefine((config, context) => {
  if (config.type !== 'SRV' && config.port === 0)
    context.addIssue({
      code: 'custom',
      message: 'a port is required in DNS-SD configs for all record types except SRV',
    });
});

const dockerSd = withClient({
  host: text.superRefine((host, context) => {
    if (!/^(unix:\/\/\/|(tcp|https?):\/\/[^/]+)/.test(host))
      context.addIssue({
        code: 'custom',
        message: 'must be unix:///path, tcp://host:port or http(s)://host:port',
      });
  }),
  port: port.default(80),
  host_networking_host: text.default('localhost'),
  match_first_network: bool.default(true),
  filters: z.array(section({ name: text, values: textList.default([]) })).default([]),
  refresh_interval: refreshInterval(60_000),
});

const role = text.pipe(
  z.enum(
    ['node', 'pod', 'service', 'endpoints', 'endpointslice', 'ingress'],
    'unknown Kubernetes SD role; there are node, pod, service, endpoints, endpointslice and ingress',
  ),
);

const kubernetesSd = withClient({
  api_server: httpUrl.optional(),
  role,
  kubeconfig_file: text.optional(),
  namespaces: section({ own_namespace: bool.default(false), names: textList.default([]) }).prefault({}),
  selectors: z.array(section({ role, label: text.default(''), field: text.default('') })).default([]),
  attach_metadata: section({ node: bool.default(false), namespace: bool.default(false) }).prefault({}),
}).superRefine((config, context) => {
  if (config.kubeconfig_file !== undefined && config.kubeconfig_file !== '')
    context.addIssue({
      code: 'custom',
      path: ['kubeconfig_file'],
      message: 'kubeconfig files are not read; give api_server with tls_config and authorization',
    });
});

const list = <S extends z.ZodType>(item: S) => z.array(item, { error: 'must be a list' }).default([]);

/** Fields of `scrape_config`. */
export const discoveryFields = {
  static_configs: list(staticGroup),
  file_sd_configs: list(fileSd),
  http_sd_configs: list(httpSd),
  dns_sd_configs: list(dnsSd),
  docker_sd_configs: list(dockerSd),
  kubernetes_sd_configs: list(kubernetesSd),
};

const discoveries = z.object(discoveryFields);
type Discoveries = z.output<typeof discoveries>;

/** Every discovery of a job; all static groups make one. */
export function toDiscoveries(config: Discoveries, directory: string): DiscoveryConfig[] {
  const found: DiscoveryConfig[] = [];
  if (config.static_configs.length > 0)
    found.push({ kind: 'static', groups: config.static_configs.map(toGroup) });
  for (const item of config.file_sd_configs)
    found.push({
      kind: 'file',
      files: item.files.map((file) => fromDirectory(directory, file)),
      refreshIntervalMs: item.refresh_interval,
    });
  for (const item of config.http_sd_configs)
    found.push({
      kind: 'http',
      url: item.url as string,
      refreshIntervalMs: item.refresh_interval as number,
      http: toHttpClient(item as never, directory),
    });
  for (const { names, type, port: recordPort, refresh_interval: refreshIntervalMs } of config.dns_sd_configs)
    found.push({
      kind: 'dns',
      names,
      type,
      port: type === 'SRV' ? undefined : recordPort,
      refreshIntervalMs,
    });
  for (const item of config.docker_sd_configs) found.push(toDocker(item, directory));
  for (const item of config.kubernetes_sd_configs) found.push(toKubernetes(item, directory));
  return found;
}

function toGroup(group: z.output<typeof staticGroup>, index: number): TargetGroup {
  return {
    source: String(index),
    labels: group.labels,
    targets: group.targets.map((address) => ({ [ADDRESS]: address })),
  };
}

function toDocker(item: Discoveries['docker_sd_configs'][number], directory: string): DockerDiscoveryConfig {
  return {
    kind: 'docker',
    host: item.host as string,
    port: item.port as number,
    hostNetworkingHost: item.host_networking_host as string,
    matchFirstNetwork: item.match_first_network as boolean,
    filters: item.filters as DockerDiscoveryConfig['filters'],
    refreshIntervalMs: item.refresh_interval as number,
    http: toHttpClient(item as never, directory),
  };
}

function toKubernetes(
  item: Discoveries['kubernetes_sd_configs'][number],
  directory: string,
): KubernetesDiscoveryConfig {
  const namespaces = item.namespaces as { own_namespace: boolean; names: string[] };
  const attach = item.attach_metadata as { node: boolean; namespace: boolean };
  return {
    kind: 'kubernetes',
    role: item.role as KubernetesRole,
    apiServer: item.api_server as string | undefined,
    namespaces: namespaces.names,
    ownNamespace: namespaces.own_namespace,
    selectors: item.selectors as KubernetesDiscoveryConfig['selectors'],
    attachNode: attach.node,
    attachNamespace: attach.namespace,
    http: toHttpClient(item as never, directory),
  };
}
