import { messageOf } from '../../lib/errors.ts';
import type { DeliveryOutcome, DeliveryRequest } from '../../model/notification.ts';
import type { AlertEngineParts } from '../engine-types.ts';
import { ABORT_GRACE_MS } from './limits.ts';

export interface SendOptions {
  readonly limitMs: number;
  /** Ends it too. */
  readonly stop: AbortSignal;
}

export interface Sent extends DeliveryOutcome {
  /** Nobody can say whether it was delivered. */
  readonly isUnknown: boolean;
}

/** Delivers within a time. A channel that does not end when it is told to is not waited for. */
export async function send(
  request: Omit<DeliveryRequest, 'signal'>,
  { deliver, clock, log }: Pick<AlertEngineParts, 'deliver' | 'clock' | 'log'>,
  { limitMs, stop }: SendOptions,
): Promise<Sent> {
  const abort = new AbortController();
  const startMs = clock.elapsed();
  const cancelLimit = clock.after(limitMs, () => abort.abort());
  const onStop = () => abort.abort();
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop, { once: true });
  let cancelGrace: (() => void) | undefined;
  const overdue = new Promise<Sent>((resolve) => {
    const onAbort = () => {
      cancelGrace = clock.after(ABORT_GRACE_MS, () => {
        log.error({ integration: request.integration.id }, 'a delivery did not end when it was told to');
        resolve(failed(`did not end within ${limitMs / 1000} s`, clock.elapsed() - startMs));
      });
    };
    abort.signal.addEventListener('abort', onAbort, { once: true });
    if (abort.signal.aborted) onAbort();
  });
  try {
    const begun = (async () => deliver({ ...request, signal: abort.signal }))();
    const delivered = begun.then(
      (outcome): Sent => ({ ...outcome, isUnknown: !outcome.isDelivered && stop.aborted }),
      (error: unknown): Sent => failed(messageOf(error), clock.elapsed() - startMs),
    );
    return await Promise.race([delivered, overdue]);
  } finally {
    cancelLimit();
    cancelGrace?.();
    stop.removeEventListener('abort', onStop);
  }
}

function failed(detail: string, latencyMs: number): Sent {
  return {
    isDelivered: false,
    attempts: 1,
    latencyMs,
    detail: detail.slice(0, 500),
    isPermanent: false,
    state: undefined,
    isDigested: false,
    isUnknown: true,
  };
}
