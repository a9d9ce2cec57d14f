import type { DiscoveryConfig } from '../config/discovery-config.ts';
import type { Discovery, DiscoveryParts } from './discovery.ts';
import { dnsDiscovery } from './dns.ts';
import { dockerDiscovery } from './docker.ts';
import { fileDiscovery } from './file.ts';
import { httpDiscovery } from './http.ts';
import { kubernetesDiscovery } from './kubernetes.ts';

export type { Discovery, DiscoveryParts } from './discovery.ts';
export type { DnsResolver } from './dns.ts';

export function createDiscovery(config: DiscoveryConfig, parts: DiscoveryParts): Discovery {
  switch (config.kind) {
    case 'static':
      return {
        start: (update) => update(config.groups),
        stop() {},
        lastError: undefined,
      };
    case 'file':
      return fileDiscovery(config, parts);
    case 'http':
      return httpDiscovery(config, parts);
    case 'dns':
      return dnsDiscovery(config, parts);
    case 'docker':
      return dockerDiscovery(config, parts);
    case 'kubernetes':
      return kubernetesDiscovery(config, parts);
  }
}
