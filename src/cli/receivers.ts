import { type ReceiverListJson, receiverList, type TestAnswerJson, testAnswer } from '../contract/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import { askServer, type ServerFlags } from './ask-server.ts';

/** `bellwether receivers list`: who can be told. */
export async function listReceivers(flags: ServerFlags): Promise<number> {
  const { receivers, config_file, warnings } = receiverList.parse(
    await askServer('GET', '/api/receivers', flags),
  );
  process.stdout.write(receiversText(receivers, config_file));
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  return 0;
}

/** `bellwether receivers test`: sends a test notification and tells how it went. */
export async function testReceiver(
  name: string,
  flags: ServerFlags & { readonly integration?: string },
): Promise<number> {
  const path = `/api/receivers/${encodeURIComponent(name)}/test`;
  const { results } = testAnswer.parse(
    await askServer('POST', path, flags, { integration: flags.integration }),
  );
  if (results.length === 0)
    throw new BellwetherError({
      code: 'no_integrations',
      message: `the receiver ${JSON.stringify(name)} has no entries: nobody was told`,
    });
  process.stdout.write(results.map(resultLine).join(''));
  return results.every(({ delivered }) => delivered) ? 0 : 1;
}

function receiversText(receivers: ReceiverListJson['receivers'], file: string): string {
  const lines = receivers.flatMap(({ name, integrations }) => [
    `${name}${integrations.length === 0 ? '  (tells nobody)' : ''}`,
    ...integrations.map(
      ({ id, channel, last_error }) => `  ${channel}  ${id}${last_error && `  ${last_error}`}`,
    ),
  ]);
  return `${file === '' ? 'no alertmanager.yml is configured' : file}\n${lines.join('\n')}\n`;
}

function resultLine({
  integration,
  delivered,
  detail,
  latency_ms,
  attempts,
}: TestAnswerJson['results'][number]): string {
  const word = delivered ? 'delivered' : 'FAILED';
  return `${word}  ${integration}  ${Math.round(latency_ms)} ms, ${attempts} attempt(s)  ${detail}\n`;
}
