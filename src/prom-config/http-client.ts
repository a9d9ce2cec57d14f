import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import type {
  OutboundCredentials,
  OutboundHeader,
  OutboundOptions,
  OutboundProxy,
  OutboundTls,
  TlsVersion,
} from '../lib/outbound.ts';
import { bool, section, text, textList, textMap } from './fields.ts';

/** How an HTTP client of a job behaves; everything of {@link OutboundOptions} that Prometheus's configuration says. */
export type HttpClientConfig = Pick<
  OutboundOptions,
  'tls' | 'proxy' | 'credentials' | 'headers' | 'followRedirects'
>;

const TLS_VERSIONS: Readonly<Record<string, TlsVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

const tlsVersion = text.transform((value, context) => {
  const version = TLS_VERSIONS[value];
  if (version !== undefined) return version;
  context.addIssue({ code: 'custom', message: `unknown TLS version: ${value}` });
  return z.NEVER;
});

const tlsConfig = section({
  ca: text.optional(),
  ca_file: text.optional(),
  cert: text.optional(),
  cert_file: text.optional(),
  key: text.optional(),
  key_file: text.optional(),
  server_name: text.optional(),
  insecure_skip_verify: bool.default(false),
  min_version: tlsVersion.optional(),
  max_version: tlsVersion.optional(),
}).superRefine((tls, context) => {
  const add = (message: string) => context.addIssue({ code: 'custom', message });
  if (tls.ca !== undefined && tls.ca_file !== undefined)
    add('at most one of ca and ca_file must be configured');
  if (tls.cert !== undefined && tls.cert_file !== undefined)
    add('at most one of cert and cert_file must be configured');
  if (tls.key !== undefined && tls.key_file !== undefined)
    add('at most one of key and key_file must be configured');
  const hasCert = tls.cert !== undefined || tls.cert_file !== undefined;
  const hasKey = tls.key !== undefined || tls.key_file !== undefined;
  if (hasCert && !hasKey)
    add('exactly one of key or key_file must be configured when a client certificate is configured');
  if (hasKey && !hasCert)
    add('exactly one of cert or cert_file must be configured when a client key is configured');
});

const proxyFields = {
  proxy_url: text.optional(),
  no_proxy: text.optional(),
  proxy_from_environment: bool.default(false),
  proxy_connect_header: z.record(z.string(), textList).optional(),
};

const oauth2 = section({
  client_id: text.optional(),
  client_secret: text.optional(),
  client_secret_file: text.optional(),
  scopes: textList.default([]),
  token_url: text.optional(),
  endpoint_params: textMap.default({}),
  tls_config: tlsConfig.optional(),
  ...proxyFields,
});

/** Keys of the client that stand beside the keys of a job or a discovery. */
export const httpClientFields = {
  basic_auth: section({
    username: text.optional(),
    username_file: text.optional(),
    password: text.optional(),
    password_file: text.optional(),
  }).optional(),
  authorization: section({
    type: text.default('Bearer'),
    credentials: text.optional(),
    credentials_file: text.optional(),
  }).optional(),
  oauth2: oauth2.optional(),
  bearer_token: text.optional(),
  bearer_token_file: text.optional(),
  tls_config: tlsConfig.optional(),
  follow_redirects: bool.default(true),
  // Accepted and without effect: HTTP/1.1 is spoken with everybody.
  enable_http2: bool.default(true),
  http_headers: z
    .record(
      z.string(),
      section({ values: textList.default([]), secrets: textList.default([]), files: textList.default([]) }),
    )
    .optional(),
  ...proxyFields,
};

const httpClient = z.object(httpClientFields);
type HttpClientInput = z.output<typeof httpClient>;
type TlsInput = z.output<typeof tlsConfig>;

/** Headers that the client itself decides on. */
const RESERVED_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'user-agent',
  'x-prometheus-scrape-timeout-seconds',
]);

/** The contradictions of a client's keys, each with the key it belongs to. */
export function httpClientProblems(config: HttpClientInput): { path: string[]; message: string }[] {
  return [
    ...credentialProblems(config),
    ...oauth2Problems(config),
    ...proxyProblems(config),
    ...headerProblems(config),
  ];
}

function credentialProblems(config: HttpClientInput): { path: string[]; message: string }[] {
  const { basic_auth: basic, authorization, bearer_token: token, bearer_token_file: tokenFile } = config;
  const found: { path: string[]; message: string }[] = [];
  const add = (key: string, message: string) => found.push({ path: [key], message });
  if (token !== undefined && tokenFile !== undefined)
    add('bearer_token_file', 'at most one of bearer_token & bearer_token_file must be configured');
  if (basic?.username !== undefined && basic.username_file !== undefined)
    add('basic_auth', 'at most one of basic_auth username & username_file must be configured');
  if (basic?.password !== undefined && basic.password_file !== undefined)
    add('basic_auth', 'at most one of basic_auth password & password_file must be configured');
  const hasToken = token !== undefined || tokenFile !== undefined;
  if (hasToken && (basic !== undefined || config.oauth2 !== undefined))
    add(
      'basic_auth',
      'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured',
    );
  if (authorization !== undefined) {
    if (hasToken)
      add('authorization', 'authorization is not compatible with bearer_token & bearer_token_file');
    if (authorization.credentials !== undefined && authorization.credentials_file !== undefined)
      add('authorization', 'at most one of authorization credentials & credentials_file must be configured');
    if (authorization.type.trim().toLowerCase() === 'basic')
      add('authorization', 'authorization type cannot be set to "basic", use "basic_auth" instead');
  }
  const ways = [basic, authorization, config.oauth2].filter((way) => way !== undefined);
  if (ways.length > 1)
    add('authorization', 'at most one of basic_auth, oauth2 & authorization must be configured');
  return found;
}

function oauth2Problems({ oauth2: config }: HttpClientInput): { path: string[]; message: string }[] {
  if (config === undefined) return [];
  const found: string[] = [];
  if (config.client_id === undefined || config.client_id === '')
    found.push('oauth2 client_id must be configured');
  if (config.token_url === undefined || config.token_url === '')
    found.push('oauth2 token_url must be configured');
  if (config.client_secret !== undefined && config.client_secret_file !== undefined)
    found.push('at most one of oauth2 client_secret & client_secret_file must be configured');
  return found.map((message) => ({ path: ['oauth2'], message }));
}

function proxyProblems(config: HttpClientInput): { path: string[]; message: string }[] {
  const { proxy_url: url, no_proxy: noProxy, proxy_from_environment: isFromEnvironment } = config;
  const hasUrl = url !== undefined && url !== '';
  const found: { path: string[]; message: string }[] = [];
  const add = (key: string, message: string) => found.push({ path: [key], message });
  if (hasUrl && !/^(https?|socks5h?):\/\/\S+$/.test(url))
    add('proxy_url', 'must be a URL with http, https or socks5');
  if (isFromEnvironment && hasUrl)
    add('proxy_url', 'if proxy_from_environment is configured, proxy_url must not be configured');
  if (isFromEnvironment && noProxy !== undefined)
    add('no_proxy', 'if proxy_from_environment is configured, no_proxy must not be configured');
  if (noProxy !== undefined && !hasUrl && !isFromEnvironment)
    add('no_proxy', 'if no_proxy is configured, proxy_url must also be configured');
  if (config.proxy_connect_header !== undefined && !hasUrl && !isFromEnvironment)
    add(
      'proxy_connect_header',
      'if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured',
    );
  return found;
}

function headerProblems({ http_headers: headers }: HttpClientInput): { path: string[]; message: string }[] {
  return Object.keys(headers ?? {})
    .filter((name) => RESERVED_HEADERS.has(name.toLowerCase()))
    .map((name) => ({
      path: ['http_headers', name],
      message: `setting header ${JSON.stringify(name)} is not allowed`,
    }));
}

/** @param directory relative files are taken from here. */
export function toHttpClient(config: HttpClientInput, directory: string): HttpClientConfig {
  return {
    tls: toTls(config.tls_config, directory),
    proxy: toProxy(config),
    credentials: toCredentials(config, directory),
    headers: toHeaders(config, directory),
    followRedirects: config.follow_redirects,
  };
}

function toTls(tls: TlsInput | undefined, directory: string): OutboundTls | undefined {
  if (tls === undefined) return undefined;
  return {
    ca: tls.ca,
    caFile: fromDirectory(directory, tls.ca_file),
    cert: tls.cert,
    certFile: fromDirectory(directory, tls.cert_file),
    key: tls.key,
    keyFile: fromDirectory(directory, tls.key_file),
    serverName: tls.server_name,
    insecureSkipVerify: tls.insecure_skip_verify,
    minVersion: tls.min_version,
    maxVersion: tls.max_version,
  };
}

type ProxyInput = Pick<
  HttpClientInput,
  'proxy_url' | 'no_proxy' | 'proxy_from_environment' | 'proxy_connect_header'
>;

function toProxy(config: ProxyInput): OutboundProxy | undefined {
  if (config.proxy_url === undefined && !config.proxy_from_environment) return undefined;
  return {
    url: config.proxy_url?.replace(/^socks5h:/, 'socks5:'),
    noProxy: config.no_proxy,
    fromEnvironment: config.proxy_from_environment,
    connectHeaders: config.proxy_connect_header,
  };
}

function toCredentials(config: HttpClientInput, directory: string): OutboundCredentials | undefined {
  const { basic_auth: basic, authorization, oauth2: grant } = config;
  const file = (path: string | undefined) => fromDirectory(directory, path);
  if (basic !== undefined) {
    return {
      kind: 'basic',
      username: basic.username,
      usernameFile: file(basic.username_file),
      password: basic.password,
      passwordFile: file(basic.password_file),
    };
  }
  if (authorization !== undefined) {
    const { type, credentials, credentials_file: credentialsFile } = authorization;
    return { kind: 'authorization', type, credentials, credentialsFile: file(credentialsFile) };
  }
  if (grant !== undefined) {
    return {
      kind: 'oauth2',
      clientId: grant.client_id ?? '',
      clientSecret: grant.client_secret,
      clientSecretFile: file(grant.client_secret_file),
      tokenUrl: grant.token_url ?? '',
      scopes: grant.scopes,
      endpointParams: grant.endpoint_params,
      tls: toTls(grant.tls_config, directory),
      proxy: toProxy(grant),
    };
  }
  const { bearer_token: token, bearer_token_file: tokenFile } = config;
  if (token === undefined && tokenFile === undefined) return undefined;
  return { kind: 'authorization', type: 'Bearer', credentials: token, credentialsFile: file(tokenFile) };
}

function toHeaders(config: HttpClientInput, directory: string): Record<string, OutboundHeader> | undefined {
  if (config.http_headers === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(config.http_headers).map(([name, { values, secrets, files }]) => [
      name,
      { values: [...values, ...secrets], files: files.map((file) => fromDirectory(directory, file)!) },
    ]),
  );
}

export function fromDirectory<T extends string | undefined>(directory: string, path: T): T {
  if (path === undefined || path === '' || isAbsolute(path)) return path;
  return join(directory, path) as T;
}
