import type { HttpDiscoveryConfig } from '../config/discovery-config.ts';
import type { TargetGroup } from '../target-group.ts';
import {
  type Discovery,
  type DiscoveryParts,
  MAX_DISCOVERY_BYTES,
  MAX_DISCOVERY_MS,
  parseGroups,
  RefreshingDiscovery,
} from './discovery.ts';

/** Targets from a service that answers with a JSON list of groups. */
export function httpDiscovery(config: HttpDiscoveryConfig, parts: DiscoveryParts): Discovery {
  const client = parts.createClient(config.http);
  const refresh = async (): Promise<TargetGroup[]> => {
    const response = await client.request({
      url: config.url,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'user-agent': 'Bellwether',
        'x-prometheus-refresh-interval-seconds': String(config.refreshIntervalMs / 1000),
      },
      timeoutMs: Math.min(config.refreshIntervalMs, MAX_DISCOVERY_MS),
      maxBodyBytes: MAX_DISCOVERY_BYTES,
    });
    if (response.status !== 200) throw new Error(`server returned HTTP status ${response.status}`);
    const type = response.headers['content-type'] ?? '';
    if (!/^application\/json\s*($|;)/i.test(type.trim()))
      throw new Error(`unsupported content type ${JSON.stringify(type)}`);
    const value: unknown = JSON.parse(Buffer.from(response.body).toString('utf8'));
    return parseGroups(value, (index) => `${config.url}:${index}`, { __meta_url: config.url });
  };
  return new RefreshingDiscovery(parts, {
    kind: 'http',
    intervalMs: config.refreshIntervalMs,
    refresh,
    close: () => client.close(),
  });
}
