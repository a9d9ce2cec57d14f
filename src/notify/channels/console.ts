import { z } from 'zod';
import type { Notification } from '../../model/notification.ts';
import { section, text } from '../../prom-config/index.ts';
import { type ChannelDefinition, defineChannel, type SendContext, type SendResult } from '../channel.ts';
import { cleanLine, cutText } from '../text.ts';
import { recordLine } from './record.ts';

/** Of the line in the server's log. */
const MAX_LINE_LENGTH = 2000;

const schema = section({
  /** `log`: one line in the server's log. `stdout`: a line of JSON with everything on standard output. */
  output: z.enum(['log', 'stdout'], { error: 'must be log or stdout' }).default('log'),
  /** The line in the log. */
  text: text.default('{{ template "__subject" . }}'),
});

export type ConsoleSettings = z.output<typeof schema>;

/** Writes a line; rejects when that failed. */
export type WriteLine = (line: string) => Promise<void>;

/** Tells whoever looks at the server's output. */
export function createConsoleChannel(writeLine: WriteLine): ChannelDefinition<ConsoleSettings> {
  return defineChannel({
    name: 'console',
    title: 'Console',
    configKey: 'console_configs',
    isInAlertmanager: false,
    schema,
    globals: {},
    secretKeys: [],
    templateKeys: ['text'],
    sendsResolved: true,
    maxAlerts: undefined,
    messagesPerMinute: 600,
    send: (notification, context) => sendToConsole(notification, context, writeLine),
  });
}

export const consoleChannel = createConsoleChannel(writeStdout);

async function sendToConsole(
  notification: Notification,
  context: SendContext<ConsoleSettings>,
  writeLine: WriteLine,
): Promise<SendResult> {
  if (context.settings.output === 'stdout') {
    await writeLine(recordLine(notification, context.nowMs));
    return { detail: 'written to standard output' };
  }
  const line = cutText(cleanLine(await context.render(context.settings.text)), MAX_LINE_LENGTH);
  const { id, receiver, status, reason, alerts, truncatedAlerts } = notification;
  const fields = { notification: id, receiver, status, reason, alerts: alerts.length + truncatedAlerts };
  if (status === 'firing') context.log.warn(fields, line);
  else context.log.info(fields, line);
  return { detail: 'written to the log' };
}

function writeStdout(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(line, (error) => (error ? reject(error) : resolve()));
  });
}
