import { CHANNELS, type ChannelReference, channelReference } from '../notify/index.ts';

/** Every channel with its keys, as Markdown. `docs/channels.md` is this text. */
export function channelsPage(): string {
  const lines = [
    '# Channels',
    '',
    'Generated from the channels by `npm run docs`; do not edit.',
    '',
    'Entries of receivers in `alertmanager.yml`. Every entry also takes `send_resolved` and `http_config`. Relative files are taken from',
    'the folder of the configuration file. A template is Go template text, with the functions and data of Alertmanager.',
  ];
  for (const channel of channelReference(CHANNELS)) lines.push('', ...sectionOf(channel));
  return `${lines.join('\n')}\n`;
}

function sectionOf(channel: ChannelReference): string[] {
  const facts = [
    `\`${channel.configKey}\``,
    channel.isInAlertmanager
      ? 'known to Alertmanager'
      : 'not known to Alertmanager: `amtool check-config` refuses it',
    channel.sendsResolved ? 'tells the end too' : 'tells the end only with `send_resolved: true`',
    `at most ${channel.messagesPerMinute} messages per minute, the rest in a digest`,
    ...(channel.maxAlerts === undefined ? [] : [`at most ${channel.maxAlerts} alerts in a message`]),
  ];
  return [
    `## ${channel.title}`,
    '',
    `${facts.join('; ')}.`,
    '',
    '| Key | Type | Default | |',
    '|---|---|---|---|',
    ...channel.fields.map((field) => {
      const notes = [
        field.isRequired ? 'required' : '',
        field.isSecret ? 'secret' : '',
        field.isTemplate ? 'template' : '',
        field.global === undefined ? '' : `else \`global.${field.global}\``,
      ].filter((note) => note !== '');
      const cells = [`\`${field.key}\``, field.type, defaultOf(field.defaultText), notes.join(', ')];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
    }),
  ];
}

/** Longest default that is shown; default texts are templates of their own. */
const MAX_DEFAULT = 80;

function defaultOf(text: string | undefined): string {
  if (text === undefined) return '';
  return `\`${text.length > MAX_DEFAULT ? `${text.slice(0, MAX_DEFAULT)}…` : text}\``;
}
