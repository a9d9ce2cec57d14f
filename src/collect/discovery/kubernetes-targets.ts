import { ADDRESS, type TargetGroup } from '../target-group.ts';
import { joinHostPort, sanitizeLabelName } from './discovery.ts';
import type {
  EndpointAddress,
  KubeContainer,
  KubeEndpointSlice,
  KubeEndpoints,
  KubeIngress,
  KubeNode,
  KubeObject,
  KubePod,
  KubePort,
  KubeService,
  ObjectReference,
  SliceEndpoint,
} from './kubernetes-objects.ts';

/** Groups of targets from API objects, with the labels Prometheus's Kubernetes discovery documents. */

type LabelSet = Record<string, string>;

const PREFIX = '__meta_kubernetes_';

/** Objects that others refer to, by `namespace/name`. */
export interface KubeLookup {
  readonly services: ReadonlyMap<string, KubeService>;
  readonly pods: ReadonlyMap<string, KubePod>;
  /** By name; empty unless their metadata is to be attached. */
  readonly nodes: ReadonlyMap<string, KubeNode>;
}

export function nodeGroup(node: KubeNode): TargetGroup {
  const { name } = node.metadata;
  const addresses = node.status?.addresses ?? [];
  const wanted = ['InternalIP', 'InternalDNS', 'ExternalIP', 'ExternalDNS', 'LegacyHostIP', 'Hostname'];
  const address = wanted
    .map((type) => addresses.find((item) => item.type === type)?.address)
    .find((item) => item);
  const byType: LabelSet = {};
  for (const item of addresses)
    byType[`${PREFIX}node_address_${sanitizeLabelName(item.type)}`] ??= item.address;
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  return {
    source: `node/${name}`,
    labels: nodeLabels(node),
    targets:
      address === undefined ? [] : [{ [ADDRESS]: joinHostPort(address, port), instance: name, ...byType }],
  };
}

function nodeLabels(node: KubeNode): LabelSet {
  return {
    [`${PREFIX}node_name`]: node.metadata.name,
    ...(node.spec?.providerID !== undefined && { [`${PREFIX}node_provider_id`]: node.spec.providerID }),
    ...metaLabels('node', node),
  };
}

export function serviceGroup(service: KubeService): TargetGroup {
  const { spec = {} } = service;
  const host = `${service.metadata.name}.${service.metadata.namespace ?? ''}.svc`;
  const common: LabelSet = { [`${PREFIX}service_type`]: spec.type ?? '' };
  if (spec.type === 'ExternalName') common[`${PREFIX}service_external_name`] = spec.externalName ?? '';
  else common[`${PREFIX}service_cluster_ip`] = spec.clusterIP ?? '';
  if (spec.type === 'LoadBalancer') common[`${PREFIX}service_loadbalancer_ip`] = spec.loadBalancerIP ?? '';
  return {
    source: `svc/${keyOf(service)}`,
    labels: serviceLabels(service),
    targets: (spec.ports ?? []).map(({ name, port, protocol }) => ({
      [ADDRESS]: joinHostPort(host, port ?? 0),
      [`${PREFIX}service_port_name`]: name ?? '',
      [`${PREFIX}service_port_number`]: String(port ?? 0),
      [`${PREFIX}service_port_protocol`]: protocol ?? '',
      ...common,
    })),
  };
}

function serviceLabels(service: KubeService): LabelSet {
  return {
    [`${PREFIX}namespace`]: service.metadata.namespace ?? '',
    [`${PREFIX}service_name`]: service.metadata.name,
    ...metaLabels('service', service),
  };
}

export function podGroup(pod: KubePod, nodes: KubeLookup['nodes']): TargetGroup {
  const ip = pod.status?.podIP ?? '';
  const targets = ip === '' ? [] : allContainers(pod).flatMap((item) => containerTargets(item, ip));
  return {
    source: `pod/${keyOf(pod)}`,
    labels: { ...podLabels(pod), ...attachedNode(pod.spec?.nodeName, nodes) },
    targets,
  };
}

interface PodContainer {
  readonly container: KubeContainer;
  readonly isInit: boolean;
  readonly id: string;
}

function allContainers({ spec, status }: KubePod): PodContainer[] {
  const idOf = (name: string, statuses: readonly { name: string; containerID?: string }[] = []) =>
    statuses.find((item) => item.name === name)?.containerID ?? '';
  return [
    ...(spec?.containers ?? []).map((container) => ({
      container,
      isInit: false,
      id: idOf(container.name, status?.containerStatuses),
    })),
    ...(spec?.initContainers ?? []).map((container) => ({
      container,
      isInit: true,
      id: idOf(container.name, status?.initContainerStatuses),
    })),
  ];
}

function containerTargets(item: PodContainer, ip: string): LabelSet[] {
  const { ports = [] } = item.container;
  if (ports.length === 0) return [{ [ADDRESS]: ip.includes(':') ? `[${ip}]` : ip, ...containerLabels(item) }];
  return ports.map((port) => ({
    [ADDRESS]: joinHostPort(ip, port.containerPort),
    ...containerLabels(item),
    ...containerPortLabels(port),
  }));
}

function containerLabels({ container, isInit, id }: PodContainer): LabelSet {
  return {
    [`${PREFIX}pod_container_name`]: container.name,
    [`${PREFIX}pod_container_id`]: id,
    [`${PREFIX}pod_container_image`]: container.image ?? '',
    [`${PREFIX}pod_container_init`]: String(isInit),
  };
}

function containerPortLabels(port: NonNullable<KubeContainer['ports']>[number]): LabelSet {
  return {
    [`${PREFIX}pod_container_port_name`]: port.name ?? '',
    [`${PREFIX}pod_container_port_number`]: String(port.containerPort),
    [`${PREFIX}pod_container_port_protocol`]: port.protocol ?? '',
  };
}

function podLabels(pod: KubePod): LabelSet {
  const { metadata, spec, status } = pod;
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true);
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'unknown';
  return {
    [`${PREFIX}namespace`]: metadata.namespace ?? '',
    [`${PREFIX}pod_name`]: metadata.name,
    [`${PREFIX}pod_ip`]: status?.podIP ?? '',
    [`${PREFIX}pod_ready`]: ready.toLowerCase(),
    [`${PREFIX}pod_phase`]: status?.phase ?? '',
    [`${PREFIX}pod_node_name`]: spec?.nodeName ?? '',
    [`${PREFIX}pod_host_ip`]: status?.hostIP ?? '',
    [`${PREFIX}pod_uid`]: metadata.uid ?? '',
    ...(controller !== undefined && {
      [`${PREFIX}pod_controller_kind`]: controller.kind,
      [`${PREFIX}pod_controller_name`]: controller.name,
    }),
    ...metaLabels('pod', pod),
  };
}

/** One address and port behind a service, from either API. */
interface Backend {
  readonly ip: string;
  readonly port: KubePort | undefined;
  readonly labels: LabelSet;
  readonly nodeName: string | undefined;
  readonly targetRef: ObjectReference | null | undefined;
}

export function endpointsGroup(endpoints: KubeEndpoints, lookup: KubeLookup): TargetGroup {
  const backends = (endpoints.subsets ?? []).flatMap(({ addresses, notReadyAddresses, ports = [] }) =>
    ports.flatMap((port) => [
      ...(addresses ?? []).map((address) => endpointBackend(address, port, true)),
      ...(notReadyAddresses ?? []).map((address) => endpointBackend(address, port, false)),
    ]),
  );
  return {
    source: `endpoints/${keyOf(endpoints)}`,
    labels: {
      [`${PREFIX}namespace`]: endpoints.metadata.namespace ?? '',
      [`${PREFIX}endpoints_name`]: endpoints.metadata.name,
      ...metaLabels('endpoints', endpoints),
      ...labelsOfService(lookup, endpoints.metadata.namespace, endpoints.metadata.name),
    },
    targets: backendTargets(backends, endpoints.metadata.namespace, lookup),
  };
}

function endpointBackend(address: EndpointAddress, port: KubePort, isReady: boolean): Backend {
  const labels: LabelSet = {
    [`${PREFIX}endpoint_port_name`]: port.name ?? '',
    [`${PREFIX}endpoint_port_protocol`]: port.protocol ?? '',
    [`${PREFIX}endpoint_ready`]: String(isReady),
  };
  if (address.nodeName !== undefined) labels[`${PREFIX}endpoint_node_name`] = address.nodeName;
  if (address.hostname !== undefined) labels[`${PREFIX}endpoint_hostname`] = address.hostname;
  addReference(labels, 'endpoint_address_target', address.targetRef);
  return { ip: address.ip, port, labels, nodeName: address.nodeName, targetRef: address.targetRef };
}

/** Label of a slice that names its service. */
const SLICE_SERVICE = 'kubernetes.io/service-name';

export function endpointSliceGroup(slice: KubeEndpointSlice, lookup: KubeLookup): TargetGroup {
  const backends = (slice.ports ?? []).flatMap((port) =>
    (slice.endpoints ?? []).flatMap((endpoint) =>
      (endpoint.addresses ?? []).map((ip) => sliceBackend(ip, endpoint, port, slice.addressType ?? '')),
    ),
  );
  return {
    source: `endpointslice/${keyOf(slice)}`,
    labels: {
      [`${PREFIX}namespace`]: slice.metadata.namespace ?? '',
      [`${PREFIX}endpointslice_name`]: slice.metadata.name,
      [`${PREFIX}endpointslice_address_type`]: slice.addressType ?? '',
      ...metaLabels('endpointslice', slice),
      ...labelsOfService(lookup, slice.metadata.namespace, slice.metadata.labels?.[SLICE_SERVICE]),
    },
    targets: backendTargets(backends, slice.metadata.namespace, lookup),
  };
}

function sliceBackend(ip: string, endpoint: SliceEndpoint, port: KubePort, addressType: string): Backend {
  const prefix = `${PREFIX}endpointslice_`;
  const labels: LabelSet = { [`${prefix}address_type`]: addressType };
  const set = (name: string, value: unknown) => {
    if (value !== undefined && value !== null) labels[prefix + name] = String(value);
  };
  set('port', port.port);
  set('port_name', port.name);
  set('port_protocol', port.protocol);
  set('port_app_protocol', port.appProtocol);
  set('endpoint_conditions_ready', endpoint.conditions?.ready);
  set('endpoint_conditions_serving', endpoint.conditions?.serving);
  set('endpoint_conditions_terminating', endpoint.conditions?.terminating);
  set('endpoint_hostname', endpoint.hostname);
  set('endpoint_node_name', endpoint.nodeName);
  set('endpoint_zone', endpoint.zone);
  addReference(labels, 'endpointslice_address_target', endpoint.targetRef);
  return { ip, port, labels, nodeName: endpoint.nodeName, targetRef: endpoint.targetRef };
}

function addReference(labels: LabelSet, name: string, reference: ObjectReference | null | undefined): void {
  if (reference === undefined || reference === null) return;
  labels[`${PREFIX}${name}_kind`] = reference.kind ?? '';
  labels[`${PREFIX}${name}_name`] = reference.name ?? '';
}

/** The backends with the labels of their pods, and the ports of those pods that the service does not name. */
function backendTargets(
  backends: readonly Backend[],
  namespace: string | undefined,
  lookup: KubeLookup,
): LabelSet[] {
  const served = new Map<KubePod, Set<number>>();
  const targets = backends.map((backend): LabelSet => {
    const pod = podOf(backend, namespace, lookup);
    if (pod !== undefined && backend.port?.port != null) {
      if (!served.has(pod)) served.set(pod, new Set());
      served.get(pod)!.add(backend.port.port);
    }
    const address = backend.port?.port == null ? backend.ip : joinHostPort(backend.ip, backend.port.port);
    return {
      [ADDRESS]: address,
      ...backend.labels,
      ...attachedNode(backend.nodeName, lookup.nodes),
      ...(pod !== undefined && { ...podLabels(pod), ...servedContainer(pod, backend.port) }),
    };
  });
  for (const [pod, ports] of served) targets.push(...unservedPorts(pod, ports, lookup));
  return targets;
}

function podOf(
  { targetRef }: Backend,
  namespace: string | undefined,
  lookup: KubeLookup,
): KubePod | undefined {
  if (targetRef?.kind !== 'Pod') return undefined;
  return lookup.pods.get(`${targetRef.namespace ?? namespace ?? ''}/${targetRef.name ?? ''}`);
}

function servedContainer(pod: KubePod, port: KubePort | undefined): LabelSet {
  for (const item of allContainers(pod)) {
    const own = item.container.ports?.find(({ containerPort }) => containerPort === port?.port);
    if (own !== undefined) return { ...containerLabels(item), ...containerPortLabels(own) };
  }
  return {};
}

function unservedPorts(pod: KubePod, ports: ReadonlySet<number>, lookup: KubeLookup): LabelSet[] {
  const ip = pod.status?.podIP ?? '';
  if (ip === '') return [];
  return allContainers(pod).flatMap((item) =>
    (item.container.ports ?? [])
      .filter(({ containerPort }) => !ports.has(containerPort))
      .map((port) => ({
        [ADDRESS]: joinHostPort(ip, port.containerPort),
        ...containerLabels(item),
        ...containerPortLabels(port),
        ...attachedNode(pod.spec?.nodeName, lookup.nodes),
        ...podLabels(pod),
      })),
  );
}

function labelsOfService(
  lookup: KubeLookup,
  namespace: string | undefined,
  name: string | undefined,
): LabelSet {
  const service = lookup.services.get(`${namespace ?? ''}/${name ?? ''}`);
  return service === undefined ? {} : serviceLabels(service);
}

export function ingressGroup(ingress: KubeIngress): TargetGroup {
  const { spec = {} } = ingress;
  const secure = new Set((spec.tls ?? []).flatMap(({ hosts }) => hosts ?? []));
  const targets = (spec.rules ?? []).flatMap(({ host, http }) => {
    const name = host || '*';
    const isSecure = [...secure].some((pattern) => matchesHost(name, pattern));
    return pathsOf(http).map((path) => ({
      [ADDRESS]: name,
      [`${PREFIX}ingress_scheme`]: isSecure ? 'https' : 'http',
      [`${PREFIX}ingress_host`]: name,
      [`${PREFIX}ingress_path`]: path,
    }));
  });
  return {
    source: `ingress/${keyOf(ingress)}`,
    labels: {
      [`${PREFIX}namespace`]: ingress.metadata.namespace ?? '',
      [`${PREFIX}ingress_name`]: ingress.metadata.name,
      ...(spec.ingressClassName !== undefined && { [`${PREFIX}ingress_class_name`]: spec.ingressClassName }),
      ...metaLabels('ingress', ingress),
    },
    targets,
  };
}

function pathsOf(http: { readonly paths?: readonly { readonly path?: string }[] } | undefined): string[] {
  const paths = http?.paths ?? [];
  return paths.length === 0 ? ['/'] : paths.map(({ path }) => path || '/');
}

function matchesHost(host: string, pattern: string): boolean {
  if (!pattern.startsWith('*.')) return host === pattern;
  return host.slice(host.indexOf('.')) === pattern.slice(1);
}

/** Labels and annotations, each also as a mark that it is there. */
function metaLabels(kind: string, { metadata }: KubeObject): LabelSet {
  const labels: LabelSet = {};
  for (const [what, texts] of [
    ['label', metadata.labels],
    ['annotation', metadata.annotations],
  ] as const) {
    for (const [name, value] of Object.entries(texts ?? {})) {
      labels[`${PREFIX}${kind}_${what}_${sanitizeLabelName(name)}`] = value;
      labels[`${PREFIX}${kind}_${what}present_${sanitizeLabelName(name)}`] = 'true';
    }
  }
  return labels;
}

function attachedNode(name: string | undefined, nodes: KubeLookup['nodes']): LabelSet {
  const node = name === undefined ? undefined : nodes.get(name);
  return node === undefined
    ? {}
    : { [`${PREFIX}node_name`]: node.metadata.name, ...metaLabels('node', node) };
}

/** Labels and annotations of the namespace a group is in. */
export function attachedNamespace(namespace: KubeObject): LabelSet {
  return metaLabels('namespace', namespace);
}

export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
