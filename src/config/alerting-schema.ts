import { z } from 'zod';
import { duration, section } from './fields.ts';

const object = z.record(z.string(), z.unknown());

/** Packs that come with the product. */
export const PACKS = ['service', 'self'] as const;

/** Sections about rules, alerts and who is told. */
export const alertingSections = {
  rule_files: z
    .array(z.string())
    .default([])
    .describe('Rule files in Prometheus’s format, or patterns of files. Relative to this file.'),
  alertmanager_config_file: z
    .string()
    .optional()
    .describe(
      'An alertmanager.yml: routes, receivers, inhibition, time intervals, templates. Without it nobody is told; alerts are shown only. Relative to this file.',
    ),
  alerting: section(
    {
      evaluation_interval: duration('15s').describe(
        'How often rules are evaluated where neither their group nor `global.evaluation_interval` says it.',
      ),
      resend_delay: duration('1m').describe('How often a rule tells again of an alert that goes on.'),
      settle: duration('1m').describe(
        'How long an alert of a rule that is not seen again after a start, or after the store was away, is held before it counts as resolved.',
      ),
      packs: z
        .array(z.enum(PACKS))
        .default([...PACKS])
        .describe('Rules and runbooks that come with Bellwether: service, self. [] for none.'),
      runbooks_dir: z
        .string()
        .optional()
        .describe(
          'Folder with runbooks of your own, `<slug>.md`; they win over those of packs. Relative to this file.',
        ),
      time_zone: z
        .string()
        .refine(isTimeZone, 'must be a time zone such as Europe/Berlin')
        .default('UTC')
        .describe('Time zone for what is night in statistics and back-tests.'),
      action_links: z
        .boolean()
        .default(true)
        .describe(
          'Put a signed link into notifications with which the reader can acknowledge the alert without logging in.',
        ),
    },
    'Evaluation of rules, and what alerts link to.',
  ),
  on_call: object
    .optional()
    .describe(
      'People, schedules, escalation policies, priorities and response times: see the guide on alerting.',
    ),
  inbound_webhooks: z
    .array(object)
    .default([])
    .describe(
      'Webhooks that become alerts (generic JSON, Coolify, GitHub, Alertmanager): see the guide on alerting.',
    ),
} as const;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
