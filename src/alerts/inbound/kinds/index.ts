import type { InboundKind } from '../kind.ts';
import { alertmanagerKind, grafanaKind } from './alertmanager.ts';
import { coolifyKind } from './coolify.ts';
import { genericKind } from './generic.ts';
import { githubKind } from './github.ts';

/** Every kind of webhook, in the order of the reference. */
export const INBOUND_KINDS: readonly InboundKind[] = [
  genericKind,
  alertmanagerKind,
  grafanaKind,
  githubKind,
  coolifyKind,
];
