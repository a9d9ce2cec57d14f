import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { BellwetherError } from '../lib/errors.ts';

/**
 * Content security policy of everything the main port answers. Styles set through the CSSOM (uPlot, Radix) need no exception;
 * style attributes in HTML and inline scripts are refused. JSON in a `<script type="application/json">` is data, which
 * `script-src` does not govern.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const securityHeaders: ReadonlyArray<readonly [string, string]> = [
  ['Content-Security-Policy', contentSecurityPolicy],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['X-Frame-Options', 'DENY'],
];

export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of securityHeaders) response.setHeader(name, value);
}

/** Decides whether the `Host` and `Origin` of a request may be served. */
export interface HostGuard {
  /** @throws BellwetherError 403 `host_not_allowed` or `origin_not_allowed`. */
  check(headers: IncomingHttpHeaders, options?: { isKeyShown?: boolean }): void;
}

export interface HostGuardOptions {
  /** Host parts of the addresses that are listened on. */
  readonly listenHosts: readonly string[];
  /** Further names from the configuration; `*.example.com` stands for every name below it. */
  readonly allowedHosts: readonly string[];
}

/**
 * Guards against DNS rebinding: a web page whose name was pointed at this machine still sends its own name as `Host`.
 *
 * Allowed are loopback names, the listen addresses, the configured names, and, when listening on all addresses, every
 * IP literal (an address cannot be rebound). A request that shows a key is exempt from the host check alone: the attack
 * lives on requests that need none, and agents reach a server under names it cannot know.
 */
export function createHostGuard(options: HostGuardOptions): HostGuard {
  const names = new Set(['localhost', '127.0.0.1', '::1']);
  for (const host of [...options.listenHosts, ...options.allowedHosts]) names.add(plainHost(host));
  const suffixes = [...names].filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  const isOnAllAddresses = names.has('0.0.0.0') || names.has('::');

  function isAllowed(hostHeader: string): boolean {
    const host = hostNameOf(hostHeader);
    if (host === undefined) return false;
    if (names.has(host)) return true;
    if (isIP(host) !== 0) return isOnAllAddresses || (isIP(host) === 4 && host.startsWith('127.'));
    return suffixes.some((suffix) => host.endsWith(suffix));
  }

  return {
    check(headers, { isKeyShown = false } = {}) {
      const { host, origin } = headers;
      // A missing Host (HTTP/1.0 probes) cannot come from a browser.
      if (host !== undefined && !isKeyShown && !isAllowed(host)) throw hostNotAllowed(host);
      if (origin !== undefined && !isSameHost(origin, host)) throw originNotAllowed(origin);
    },
  };
}

/** The name or address in a Host header, lower case, without port, brackets and trailing dot; undefined when malformed. */
function hostNameOf(header: string): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+))(?::\d*)?$/.exec(header);
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? undefined : plainHost(name);
}

function plainHost(host: string): string {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return bare.endsWith('.') ? bare.slice(0, -1) : bare;
}

function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const target = `${protocol}//${host}`;
  return URL.canParse(target) && new URL(target).host === originHost;
}

function hostNotAllowed(host: string): BellwetherError {
  return new BellwetherError({
    code: 'host_not_allowed',
    status: 403,
    message: `this server does not answer to the host name ${JSON.stringify(host.slice(0, 100))}`,
    hint: 'add the name to server.allowed_hosts, or use localhost',
  });
}

function originNotAllowed(origin: string): BellwetherError {
  return new BellwetherError({
    code: 'origin_not_allowed',
    status: 403,
    message: `requests from pages of ${JSON.stringify(origin.slice(0, 100))} are not allowed`,
    hint: "open the interface under this server's own address; a proxy in front must pass the Host header on",
  });
}
