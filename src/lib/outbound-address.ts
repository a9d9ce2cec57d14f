import { BlockList, isIP } from 'node:net';

/**
 * Decides whether a connection to an address may be made. Gets IP addresses, never names: it is asked about what a name resolved to
 * and once more about what was connected to, so a name that changes its address gains nothing.
 *
 * @returns why not, as the end of a sentence ("is a link-local address"), or undefined when it may.
 */
export type AddressPolicy = (address: string) => string | undefined;

/** Everything may be connected to. */
export const allowAllAddresses: AddressPolicy = () => undefined;

const METADATA = blockList([
  ['169.254.0.0', 16, 'ipv4'],
  ['100.100.100.200', 32, 'ipv4'],
  ['192.0.0.192', 32, 'ipv4'],
  ['fe80::', 10, 'ipv6'],
  ['fd00:ec2::', 32, 'ipv6'],
  ['fd20:ce::254', 128, 'ipv6'],
]);
const PRIVATE = blockList([
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
]);

/**
 * Refuses link-local addresses and the other places where clouds answer questions about the machine and hand out its credentials.
 * The least that anything should apply whose addresses come from users.
 */
export const denyMetadataAddresses: AddressPolicy = (address) =>
  isIn(METADATA, address) ? 'is a link-local or cloud metadata address' : undefined;

/** Besides those refuses loopback, private, shared, multicast and unspecified addresses: only the public internet is left. */
export const denyPrivateAddresses: AddressPolicy = (address) =>
  denyMetadataAddresses(address) ??
  (isIn(PRIVATE, address) ? 'is a loopback, private or reserved address' : undefined);

/** Policies that all must agree. */
export function allOf(...policies: readonly AddressPolicy[]): AddressPolicy {
  return (address) => {
    for (const policy of policies) {
      const refusal = policy(address);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  };
}

/**
 * A policy with exceptions: addresses in the list are taken without asking it.
 *
 * @param networks `10.1.2.3` or `10.0.0.0/8`, IPv6 alike. Throws a RangeError or TypeError when one is neither.
 */
export function except(policy: AddressPolicy, networks: readonly string[]): AddressPolicy {
  const list = blockList(networks.map(parseNetwork));
  return (address) => (isIn(list, address) ? undefined : policy(address));
}

type Network = readonly [address: string, bits: number, family: 'ipv4' | 'ipv6'];

function parseNetwork(text: string): Network {
  const [address = '', bits] = text.split('/');
  const version = isIP(address);
  if (version === 0) throw new TypeError(`${text} is not an address or network`);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  return [address, bits === undefined ? (version === 4 ? 32 : 128) : Number(bits), family];
}

function blockList(networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const [address, bits, family] of networks) list.addSubnet(address, bits, family);
  return list;
}

function isIn(list: BlockList, address: string): boolean {
  const plain = address.replace(/%.*$/, '');
  const version = isIP(plain);
  if (version === 4) return list.check(plain, 'ipv4');
  if (version !== 6) return false;
  const inner = embeddedIpv4(plain);
  return list.check(plain, 'ipv6') || (inner !== undefined && list.check(inner, 'ipv4'));
}

/** The IPv4 address that an IPv6 one stands for: mapped (::ffff:0:0/96), compatible, NAT64 (64:ff9b::/96), 6to4 (2002::/16). */
export function embeddedIpv4(address: string): string | undefined {
  const words = wordsOf(address);
  const [a, b, c, d, e, f, g, h] = words as [number, number, number, number, number, number, number, number];
  const middleIsZero = c === 0 && d === 0 && e === 0;
  if (a === 0 && b === 0 && middleIsZero && (f === 0xffff || f === 0)) return dotted(g, h);
  if (a === 0x64 && b === 0xff9b && middleIsZero && f === 0) return dotted(g, h);
  if (a === 0x2002) return dotted(b, c);
  return undefined;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight words of a valid IPv6 address. */
function wordsOf(address: string): number[] {
  const text = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const high = (Number(a) << 8) | Number(b);
    const low = (Number(c) << 8) | Number(d);
    return `${high.toString(16)}:${low.toString(16)}`;
  });
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(Math.max(0, gap)).fill('0'), ...right].map((word) =>
    Number.parseInt(word, 16),
  );
}
