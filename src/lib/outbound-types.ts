import type { LookupFunction } from 'node:net';
import type { AddressPolicy } from './outbound-address.ts';

/** TLS towards the server that is called. Of each pair of text and file one may be given; files are read again when they change. */
export interface OutboundTls {
  /** PEM. */
  readonly ca?: string | undefined;
  readonly caFile?: string | undefined;
  readonly cert?: string | undefined;
  readonly certFile?: string | undefined;
  readonly key?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
  readonly minVersion?: TlsVersion | undefined;
  readonly maxVersion?: TlsVersion | undefined;
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

export interface OutboundProxy {
  /** `http:`, `https:` or `socks5:`. */
  readonly url?: string | undefined;
  /** As the environment variable: names, `.suffixes`, addresses, networks, each with an optional port; `*` for all. */
  readonly noProxy?: string | undefined;
  /** Take http_proxy, https_proxy and no_proxy of the environment. */
  readonly fromEnvironment?: boolean | undefined;
  /** Sent to the proxy with CONNECT. */
  readonly connectHeaders?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What goes into `Authorization`. Secrets in files are read for every request, so they may be rotated. */
export type OutboundCredentials =
  | {
      readonly kind: 'basic';
      readonly username?: string | undefined;
      readonly usernameFile?: string | undefined;
      readonly password?: string | undefined;
      readonly passwordFile?: string | undefined;
    }
  | {
      readonly kind: 'authorization';
      /** `Bearer`. */
      readonly type: string;
      readonly credentials?: string | undefined;
      readonly credentialsFile?: string | undefined;
    }
  | OutboundOauth2;

/** OAuth 2.0, client credentials grant. The token is kept until shortly before it expires. */
export interface OutboundOauth2 {
  readonly kind: 'oauth2';
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly tokenUrl: string;
  readonly scopes: readonly string[];
  readonly endpointParams: Readonly<Record<string, string>>;
  readonly tls?: OutboundTls | undefined;
  readonly proxy?: OutboundProxy | undefined;
}

/** Values of one header: given, or read from files for every request. */
export interface OutboundHeader {
  readonly values: readonly string[];
  readonly files: readonly string[];
}

/** How a client behaves; it is made once per job, webhook or server and reuses its connections. */
export interface OutboundOptions {
  readonly tls?: OutboundTls | undefined;
  readonly proxy?: OutboundProxy | undefined;
  readonly credentials?: OutboundCredentials | undefined;
  /** Sent with every request to the server that was meant, not to those it redirects to. */
  readonly headers?: Readonly<Record<string, OutboundHeader>> | undefined;
  /** Default true; at most {@link MAX_REDIRECTS}. */
  readonly followRedirects?: boolean | undefined;
  /** Which addresses may be connected to. Give one always: {@link denyMetadataAddresses} for what users configure. */
  readonly policy: AddressPolicy;
  /** A unix socket to talk to, whatever the URL's host says. */
  readonly socketPath?: string | undefined;
  /** Environment with proxy variables; `process.env` when absent. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Resolves names; for tests. */
  readonly lookup?: LookupFunction | undefined;
  /** Epoch milliseconds; for the expiry of tokens and re-reading of TLS files. */
  readonly now?: (() => number) | undefined;
}

/** Redirects followed before the client gives up. */
export const MAX_REDIRECTS = 10;

export interface OutboundRequest {
  /** `http:` or `https:`; a name and password in it become basic authentication. */
  readonly url: string;
  /** Default GET. */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | string | undefined;
  /** For everything: connecting, redirects, headers and body. */
  readonly timeoutMs: number;
  /** Of the body as received and as decompressed; more is an error. */
  readonly maxBodyBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface OutboundResponse {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case; values of a repeated header joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed. */
  readonly body: Uint8Array;
  /** Bytes of the body as they came. */
  readonly receivedBytes: number;
  /** Address of the last redirect. */
  readonly url: string;
}

export interface OutboundClient {
  /**
   * Sends one request and reads the whole answer. Any status is an answer, redirects too when they are not followed.
   *
   * @throws OutboundError no answer, or one that is too large.
   */
  request(request: OutboundRequest): Promise<OutboundResponse>;
  /** Closes all connections at once. */
  close(): Promise<void>;
}
