import { promises as dns } from 'node:dns';
import { messageOf } from '../../lib/errors.ts';
import type { DnsDiscoveryConfig } from '../config/discovery-config.ts';
import { ADDRESS, type TargetGroup } from '../target-group.ts';
import { type Discovery, type DiscoveryParts, joinHostPort, RefreshingDiscovery } from './discovery.ts';

/** The part of `node:dns` that is used. Rejects with the code ENOTFOUND or ENODATA when there is no such record. */
export interface DnsResolver {
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
  resolveSrv(name: string): Promise<{ readonly name: string; readonly port: number }[]>;
  resolveMx(name: string): Promise<{ readonly exchange: string }[]>;
  resolveNs(name: string): Promise<string[]>;
}

type TargetLabels = Readonly<Record<string, string>>;

/** Targets from DNS records. A name that cannot be looked up keeps its last targets; one that does not exist has none. */
export function dnsDiscovery(config: DnsDiscoveryConfig, parts: DiscoveryParts): Discovery {
  const resolver = parts.resolver ?? dns;
  const good = new Map<string, TargetGroup>();
  const refresh = async (): Promise<TargetGroup[]> => {
    const failures: string[] = [];
    const groups = await Promise.all(
      config.names.map(async (name): Promise<TargetGroup> => {
        try {
          const group = { source: name, labels: {}, targets: await targetsOf(name, config, resolver) };
          good.set(name, group);
          return group;
        } catch (error) {
          failures.push(`${name}: ${messageOf(error)}`);
          return good.get(name) ?? { source: name, labels: {}, targets: [] };
        }
      }),
    );
    if (failures.length === config.names.length) throw new Error(failures.join('; '));
    return groups;
  };
  return new RefreshingDiscovery(parts, { kind: 'dns', intervalMs: config.refreshIntervalMs, refresh });
}

async function targetsOf(
  name: string,
  config: DnsDiscoveryConfig,
  resolver: DnsResolver,
): Promise<TargetLabels[]> {
  try {
    return (await recordsOf(name, config, resolver)).sort((a, b) => (a[ADDRESS]! < b[ADDRESS]! ? -1 : 1));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTFOUND' || code === 'ENODATA') return [];
    throw error;
  }
}

async function recordsOf(
  name: string,
  { type, port = 0 }: DnsDiscoveryConfig,
  resolver: DnsResolver,
): Promise<TargetLabels[]> {
  const target = (host: string, at: number, labels: TargetLabels = {}): TargetLabels => ({
    [ADDRESS]: joinHostPort(withoutDot(host), at),
    __meta_dns_name: name,
    ...labels,
  });
  switch (type) {
    case 'A':
      return (await resolver.resolve4(name)).map((address) => target(address, port));
    case 'AAAA':
      return (await resolver.resolve6(name)).map((address) => target(address, port));
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ exchange }) =>
        target(exchange, port, { __meta_dns_mx_record_target: exchange }),
      );
    case 'NS':
      return (await resolver.resolveNs(name)).map((host) =>
        target(host, port, { __meta_dns_ns_record_target: host }),
      );
    case 'SRV':
      return (await resolver.resolveSrv(name)).map((record) =>
        target(record.name, record.port, {
          __meta_dns_srv_record_target: record.name,
          __meta_dns_srv_record_port: String(record.port),
        }),
      );
  }
}

function withoutDot(host: string): string {
  return host.replace(/\.$/, '');
}
