import { lookup as systemLookup } from 'node:dns';
import { readFile, stat } from 'node:fs/promises';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from 'undici';
import { BellwetherError, messageOf } from './errors.ts';
import type { AddressPolicy } from './outbound-address.ts';
import { proxyFor } from './outbound-proxy.ts';
import type { OutboundOptions, OutboundTls } from './outbound-types.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Connections are kept over the usual pause between two scrapes. */
const KEEP_ALIVE_MS = 300_000;
/** TLS files are looked at at most this often. */
const TLS_RECHECK_MS = 30_000;
/** Different proxies a client can be told to use by the environment. */
const MAX_PROXY_AGENTS = 4;

/** Thrown from within a connection attempt; becomes `outbound_forbidden`. */
export class ForbiddenAddressError extends Error {
  readonly code = 'ERR_FORBIDDEN_ADDRESS';
}

/** Keeps the connections of one client. */
export class OutboundAgents {
  readonly #options: OutboundOptions;
  readonly #now: () => number;
  #dispatchers = new Map<string, Dispatcher>();
  #connection: ConnectionOptions | undefined;
  #fingerprint = '';
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: OutboundOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * What to send a request for this URL through.
   *
   * @throws BellwetherError `tls_files_unreadable` or `outbound_closed`.
   */
  async dispatcherFor(url: URL): Promise<Dispatcher> {
    await this.#loadTls();
    if (this.#isClosed)
      throw new BellwetherError({ code: 'outbound_closed', message: 'the client is closed' });
    const { proxy, env, policy } = this.#options;
    const proxyUrl = proxyFor(url, proxy, env ?? process.env);
    // Behind a proxy only addresses that were written as such can be judged: names are resolved by the proxy.
    const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (proxyUrl !== undefined && isIP(literal) !== 0) assertAllowed(policy, literal, literal);
    const key = proxyUrl ?? '';
    let dispatcher = this.#dispatchers.get(key);
    if (dispatcher === undefined) {
      if (this.#dispatchers.size > MAX_PROXY_AGENTS) this.#dropDispatchers();
      dispatcher = proxyUrl === undefined ? this.#direct() : this.#proxied(proxyUrl);
      this.#dispatchers.set(key, dispatcher);
    }
    return dispatcher;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const dispatchers = [...this.#dispatchers.values()];
    this.#dispatchers = new Map();
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
  }

  #direct(): Dispatcher {
    const { policy, socketPath, lookup } = this.#options;
    const connect = buildConnector({
      ...this.#connection,
      timeout: CONNECT_TIMEOUT_MS,
      ...(socketPath === undefined
        ? { lookup: checkedLookup(policy, lookup ?? (systemLookup as LookupFunction)) }
        : { socketPath }),
    });
    return new Agent({
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: socketPath === undefined ? checkedConnect(connect, policy) : connect,
    });
  }

  #proxied(uri: string): Dispatcher {
    const headers = Object.fromEntries(
      Object.entries(this.#options.proxy?.connectHeaders ?? {}).map(([name, values]) => [name, [...values]]),
    );
    return new ProxyAgent({
      uri,
      headers,
      proxyTunnel: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      ...(this.#connection !== undefined && { requestTls: { ...this.#connection } }),
    });
  }

  /** Reads certificates the first time and when their files change. Requests that run keep the connections they have. */
  async #loadTls(): Promise<void> {
    const { tls } = this.#options;
    if (tls === undefined || this.#now() - this.#checkedAtMs < TLS_RECHECK_MS) return this.#loading;
    this.#checkedAtMs = this.#now();
    this.#loading = this.#reload(tls).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #reload(tls: OutboundTls): Promise<void> {
    try {
      const fingerprint = await fingerprintOf(tls);
      if (this.#connection !== undefined && fingerprint === this.#fingerprint) return;
      this.#connection = await connectionOptions(tls);
      this.#fingerprint = fingerprint;
      this.#dropDispatchers();
    } catch (error) {
      this.#checkedAtMs = Number.NEGATIVE_INFINITY;
      throw new BellwetherError({
        code: 'tls_files_unreadable',
        message: `the TLS files cannot be read: ${messageOf(error)}`,
        cause: error,
      });
    }
  }

  #dropDispatchers(): void {
    for (const dispatcher of this.#dispatchers.values()) {
      // Waits for requests under way; nobody waits for it, and a connection that fails meanwhile fails its own request.
      dispatcher.close().catch(() => dispatcher.destroy());
    }
    this.#dispatchers = new Map();
  }
}

async function fingerprintOf(tls: OutboundTls): Promise<string> {
  const files = [tls.caFile, tls.certFile, tls.keyFile].filter((file) => file !== undefined);
  const stats = await Promise.all(files.map((file) => stat(file)));
  return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join(';');
}

async function connectionOptions(tls: OutboundTls): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([
    pem(tls.ca, tls.caFile),
    pem(tls.cert, tls.certFile),
    pem(tls.key, tls.keyFile),
  ]);
  return {
    rejectUnauthorized: tls.insecureSkipVerify !== true,
    minVersion: tls.minVersion ?? 'TLSv1.2',
    ...(tls.maxVersion !== undefined && { maxVersion: tls.maxVersion }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tls.serverName !== undefined && tls.serverName !== '' && { servername: tls.serverName }),
  };
}

async function pem(text: string | undefined, file: string | undefined): Promise<string | undefined> {
  return file === undefined ? text : readFile(file, 'utf8');
}

function assertAllowed(policy: AddressPolicy, address: string, host: string): void {
  const refusal = policy(address);
  if (refusal !== undefined) throw new ForbiddenAddressError(messageFor(host, address, refusal));
}

function messageFor(host: string, address: string, refusal: string): string {
  const what = host === address ? address : `${host} (${address})`;
  return `${what} ${refusal}, which may not be connected to`;
}

/** Leaves out the addresses of a name that may not be connected to; fails when none is left. */
function checkedLookup(policy: AddressPolicy, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, options.all === true ? [] : '', 0);
      const all = Array.isArray(found) ? found : [];
      const allowed = all.filter(({ address }) => policy(address) === undefined);
      const first = allowed[0];
      if (first === undefined) {
        const address = all[0]?.address ?? '';
        const refusal = policy(address) ?? 'has no address';
        return callback(new ForbiddenAddressError(messageFor(hostname, address, refusal)), '', 0);
      }
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** Checks addresses that no lookup sees, and the address that was connected to before a byte is sent. */
function checkedConnect(connect: buildConnector.connector, policy: AddressPolicy): buildConnector.connector {
  return (options, callback) => {
    const literal = options.hostname.replace(/^\[(.*)\]$/, '$1');
    const refusal = isIP(literal) === 0 ? undefined : policy(literal);
    if (refusal !== undefined)
      return callback(new ForbiddenAddressError(messageFor(literal, literal, refusal)), null);
    connect(options, (...[error, socket]: Parameters<buildConnector.Callback>) => {
      if (error !== null) return callback(error, null);
      const address = (socket as Socket | TLSSocket).remoteAddress ?? '';
      const late = policy(address);
      if (late === undefined) return callback(null, socket as Socket);
      (socket as Socket).destroy();
      callback(new ForbiddenAddressError(messageFor(options.hostname, address, late)), null);
    });
  };
}
