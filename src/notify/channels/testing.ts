import { silentLog } from '../../lib/log.ts';
import { allowAllAddresses, createOutboundClient } from '../../lib/outbound.ts';
import type { Notification } from '../../model/notification.ts';
import { ALERTMANAGER_FUNCTIONS, compileTemplates, DEFAULT_TEMPLATES } from '../../templates/index.ts';
import { type AttemptResult, runAttempt } from '../attempt.ts';
import type { ChannelDefinition } from '../channel.ts';
import { templateData } from '../notification-data.ts';
import { Secrets } from '../secrets.ts';
import { EXAMPLE_NOW_MS, exampleNotification, type StandIn } from './channel-suite.ts';

/** For tests of what is special about one channel. */

const TEMPLATES = compileTemplates(DEFAULT_TEMPLATES, { functions: ALERTMANAGER_FUNCTIONS });

const running: StandIn[] = [];

/** A stand-in that {@link closeStandIns} closes. */
export async function started(start: () => Promise<StandIn>): Promise<StandIn> {
  const standIn = await start();
  running.push(standIn);
  return standIn;
}

/** For `afterEach`. */
export async function closeStandIns(): Promise<void> {
  await Promise.all(running.splice(0).map((standIn) => standIn.close()));
}

export interface Attempt {
  readonly notification?: Partial<Notification>;
  readonly previous?: string | undefined;
  /** What earlier attempts did already. */
  readonly done?: Set<string>;
}

/** One attempt with real templates over a real connection. */
export async function attempt<S>(
  definition: ChannelDefinition<S>,
  settings: Record<string, unknown>,
  { notification: fields = {}, previous, done = new Set() }: Attempt = {},
): Promise<AttemptResult> {
  const channel = definition as ChannelDefinition;
  const notification = exampleNotification(fields);
  const http = createOutboundClient({ policy: allowAllAddresses, env: {} });
  try {
    return await runAttempt({
      definition: channel,
      settings: channel.schema.parse(settings),
      notification,
      data: templateData(notification),
      templates: TEMPLATES,
      previous,
      done,
      http,
      secrets: new Secrets(),
      timeoutMs: 10_000,
      signal: new AbortController().signal,
      nowMs: EXAMPLE_NOW_MS,
      after: () => () => {},
      log: silentLog,
    });
  } finally {
    await http.close();
  }
}

/** What the channel keeps after a delivery. Fails when it was none. */
export async function delivered<S>(
  definition: ChannelDefinition<S>,
  settings: Record<string, unknown>,
  options: Attempt = {},
): Promise<string | undefined> {
  const result = await attempt(definition, settings, options);
  if (!result.isDelivered) throw new Error(`not delivered: ${result.detail}`);
  return result.state;
}
