import type { Health } from '@contract';
import { ApiError, apiGet } from '../lib/api.ts';

/** The parts of the server. `/health/ready` answers 503 when something is down, with the same body: that is an answer, not a failure. */
export async function fetchHealth(signal: AbortSignal): Promise<Health> {
  const response = await fetch('/health/ready', { signal, headers: { accept: 'application/json' } }).catch(
    (error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      return null;
    },
  );
  if (response === null || (!response.ok && response.status !== 503))
    return apiGet<Health>('/health/ready', {}, { signal });
  const body = (await response.json().catch(() => null)) as Health | null;
  if (typeof body?.parts === 'object') return body;
  throw new ApiError({
    code: 'bad_answer',
    message: 'The health answer has another form than expected.',
    status: response.status,
  });
}
