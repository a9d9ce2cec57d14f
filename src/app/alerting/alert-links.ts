import type { Alert } from '../../alerts/index.ts';
import type { AlertLinks } from '../../model/notification.ts';
import { webAddress } from './alert-view.ts';

type Linked = Pick<Alert, 'fingerprint' | 'annotations' | 'startsAtMs'>;

export interface AlertLinkParts {
  readonly externalUrl: string;
  /** Makes a token with which its holder may acknowledge this alert, and nothing else. */
  readonly tokenFor: (alert: Linked) => string;
  readonly isSigned: () => boolean;
}

/** Where readers of a notification can go. */
export function alertLinksOf(alert: Linked, { externalUrl, tokenFor, isSigned }: AlertLinkParts): AlertLinks {
  const runbook = alert.annotations.get('runbook_url');
  return {
    alert: `${externalUrl}/alerts/${alert.fingerprint}`,
    silence: `${externalUrl}/alerts/silences?alert=${alert.fingerprint}`,
    acknowledge: isSigned() ? `${externalUrl}/act/${tokenFor(alert)}` : undefined,
    runbook: webAddress(runbook.startsWith('/') ? `${externalUrl}${runbook}` : runbook) || undefined,
  };
}
