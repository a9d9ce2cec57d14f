import type { ErrorBody } from '@contract';

/** Everything that can go wrong with a request, as a page shows it. */
export class ApiError extends Error {
  /** Stable, from the server; `offline` when no answer came, `bad_answer` when it was not JSON. */
  readonly code: string;
  /** What the reader can do; may be empty. */
  readonly hint: string;
  /** HTTP status, 0 without an answer. */
  readonly status: number;

  constructor(fields: { code: string; message: string; hint?: string; status: number }) {
    super(fields.message);
    this.name = 'ApiError';
    this.code = fields.code;
    this.hint = fields.hint ?? '';
    this.status = fields.status;
  }
}

/** `undefined`, `null` and empty values are left out of the query string. */
export type ApiParams = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface ApiOptions {
  signal?: AbortSignal;
}

const unauthorizedListeners = new Set<() => void>();

/** Called when the server wants a (new) key: the shell then shows the login page. Returns the way to stop listening. */
export function onUnauthorized(listener: () => void): () => void {
  unauthorizedListeners.add(listener);
  return () => unauthorizedListeners.delete(listener);
}

/** Path and query string of a request. */
export function apiUrl(path: string, params: ApiParams = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== '') query.set(key, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The JSON answer of a GET request. Throws {@link ApiError}; an abort passes through as it is. */
export async function apiGet<T>(path: string, params: ApiParams = {}, options: ApiOptions = {}): Promise<T> {
  return request<T>(apiUrl(path, params), { signal: options.signal });
}

/** Sends a JSON body; answers without a body give `undefined`. */
export async function apiPost<T>(path: string, body: unknown, options: ApiOptions = {}): Promise<T> {
  return request<T>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: options.signal,
  });
}

/** Addresses longer than this go as a form: servers and proxies refuse long ones. */
const longestUrl = 2000;

/** The JSON answer of a call whose parameters may be long or repeated: GET, or POST of a form when the address would be too long. */
export async function apiCall<T>(
  path: string,
  params: URLSearchParams,
  options: ApiOptions = {},
): Promise<T> {
  const url = `${path}?${params}`;
  if (url.length <= longestUrl) return request<T>(url, { signal: options.signal });
  return request<T>(path, { method: 'POST', body: params, signal: options.signal });
}

async function request<T>(url: string, init: RequestInit): Promise<T> {
  const response = await send(url, init);
  if (!response.ok) throw await failureOf(response);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError({
      code: 'bad_answer',
      message: 'The answer is not JSON.',
      hint: 'A proxy between this browser and the server may have answered instead.',
      status: response.status,
    });
  }
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('accept', 'application/json');
  try {
    return await fetch(url, { ...init, headers, credentials: 'same-origin' });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError({
      code: 'offline',
      message: 'The server did not answer.',
      hint: 'Check that Bellwether runs and that this browser can reach it.',
      status: 0,
    });
  }
}

async function failureOf(response: Response): Promise<ApiError> {
  if (response.status === 401) for (const listener of [...unauthorizedListeners]) listener();
  const told = errorFields(await response.json().catch(() => null));
  return new ApiError({
    code: told?.code ?? `http_${response.status}`,
    message: told?.message ?? `The server answered ${response.status} ${response.statusText}`.trim(),
    hint: told?.hint,
    status: response.status,
  });
}

/** The fields of our own error bodies, or of the envelope of Prometheus's API. */
function errorFields(body: unknown): ErrorBody['error'] | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null;
  if (typeof body.error === 'string') {
    const { error: message, errorType: code, hint } = body as Record<string, unknown>;
    const fields = { code: typeof code === 'string' ? code : 'internal', message: String(message) };
    return typeof hint === 'string' ? { ...fields, hint } : fields;
  }
  const error = (body as ErrorBody).error;
  return typeof error?.code === 'string' && typeof error.message === 'string' ? error : null;
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Any thrown thing as an {@link ApiError}, so that pages have one shape to show. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({
    code: 'internal',
    message: error instanceof Error ? error.message : String(error),
    hint: 'This is a fault in the page. Copy the diagnostics and report it.',
    status: 0,
  });
}
