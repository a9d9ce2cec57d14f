import { BlockList, isIP } from 'node:net';
import type { OutboundProxy } from './outbound-types.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Which proxy serves a URL; undefined for none. */
export function proxyFor(url: URL, proxy: OutboundProxy | undefined, env: Environment): string | undefined {
  if (proxy === undefined) return undefined;
  if (proxy.fromEnvironment === true) return proxyOfEnvironment(url, env);
  if (proxy.url === undefined || proxy.url === '') return undefined;
  if (proxy.noProxy === undefined || proxy.noProxy === '') return proxy.url;
  return isExcluded(url, proxy.noProxy) ? undefined : proxy.url;
}

function proxyOfEnvironment(url: URL, env: Environment): string | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const value = env[name] ?? env[name.toUpperCase()];
  if (value === undefined || value === '') return undefined;
  if (isExcluded(url, env.no_proxy ?? env.NO_PROXY ?? '')) return undefined;
  return /^[a-z0-9]+:\/\//i.test(value) ? value : `http://${value}`;
}

/** As curl, Go and others read `no_proxy`; this machine itself is always excluded. */
export function isExcluded(url: URL, noProxy: string): boolean {
  const host = url.hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
  const port = url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
  if (host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)) return true;
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && excludes(entry, host, port));
}

function excludes(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isInNetwork(entry, host);
  const split = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(entry);
  if (split !== null && split[3] !== port) return false;
  const name = split === null ? entry.replace(/^\[(.*)\]$/, '$1') : (split[1] ?? split[2] ?? '');
  if (isIP(name) !== 0) return name === host;
  const suffix = name.replace(/^\*/, '');
  if (suffix.startsWith('.')) return host.endsWith(suffix);
  return host === suffix || host.endsWith(`.${suffix}`);
}

function isInNetwork(network: string, host: string): boolean {
  const version = isIP(host);
  const [address = '', bits = ''] = network.split('/');
  if (version === 0 || isIP(address) !== version || !/^\d+$/.test(bits)) return false;
  if (Number(bits) > (version === 4 ? 32 : 128)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return list.check(host, family);
}
