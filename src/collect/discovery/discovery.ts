import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { OutboundClient, OutboundOptions } from '../../lib/outbound.ts';
import { ADDRESS, type TargetGroup } from '../target-group.ts';
import type { DnsResolver } from './dns.ts';

/** Finds targets and goes on finding them until it is stopped. */
export interface Discovery {
  /** @param update gets all groups each time they may have changed. Nothing is told as long as nothing was found out. */
  start(update: (groups: readonly TargetGroup[]) => void): void;
  stop(): void;
  /** Why the last attempt failed; what was found before stays valid. */
  readonly lastError: string | undefined;
}

/** What discoveries need of the world. */
export interface DiscoveryParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Job the discovery belongs to, for the log. */
  readonly jobName: string;
  readonly createClient: (options: Omit<OutboundOptions, 'policy'>) => OutboundClient;
  readonly resolver?: DnsResolver | undefined;
  /** Calls back when something in a folder changes; the result stops it. Throws when it cannot. */
  readonly watchFolder?: ((folder: string, onChange: () => void) => () => void) | undefined;
}

/** Longest answer of a discovery service. */
export const MAX_DISCOVERY_BYTES = 64 * 1024 * 1024;
/** Longest time such an answer may take. */
export const MAX_DISCOVERY_MS = 60_000;
/** Targets of one discovery; more make the refresh fail. */
export const MAX_TARGETS = 200_000;

export interface Refresh {
  /** `http`, for the log. */
  readonly kind: string;
  readonly intervalMs: number;
  /** Finds the groups; whatever it throws leaves the last ones valid. */
  readonly refresh: () => Promise<readonly TargetGroup[]>;
  readonly close?: () => Promise<void>;
}

/** A discovery that asks again and again. It never asks twice at a time. */
export class RefreshingDiscovery implements Discovery {
  readonly #parts: DiscoveryParts;
  readonly #refresh: Refresh;
  #update: ((groups: readonly TargetGroup[]) => void) | undefined;
  #cancel: () => void = () => {};
  #isRunning = false;
  #isWanted = false;
  #last = '';
  lastError: string | undefined;

  constructor(parts: DiscoveryParts, refresh: Refresh) {
    this.#parts = parts;
    this.#refresh = refresh;
  }

  start(update: (groups: readonly TargetGroup[]) => void): void {
    this.#update = update;
    this.refreshSoon();
  }

  stop(): void {
    this.#update = undefined;
    this.#cancel();
    this.#refresh.close?.().catch((error: unknown) => {
      this.#parts.log.debug({ error: messageOf(error) }, 'a discovery did not close its connections');
    });
  }

  /** Asks now, or right after the refresh that is under way. */
  refreshSoon(): void {
    if (this.#isRunning) {
      this.#isWanted = true;
      return;
    }
    this.#cancel();
    this.#isRunning = true;
    this.#run().finally(() => {
      this.#isRunning = false;
      if (this.#update === undefined) return;
      if (this.#isWanted) {
        this.#isWanted = false;
        this.refreshSoon();
      } else {
        this.#cancel = this.#parts.clock.after(this.#refresh.intervalMs, () => this.refreshSoon());
      }
    });
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    try {
      const groups = await this.#refresh.refresh();
      const total = groups.reduce((sum, group) => sum + group.targets.length, 0);
      if (total > MAX_TARGETS) throw new Error(`${total} targets, more than the limit of ${MAX_TARGETS}`);
      this.lastError = undefined;
      const text = JSON.stringify(groups);
      if (text === this.#last) return;
      this.#last = text;
      this.#update?.(groups);
    } catch (error) {
      const message = messageOf(error);
      const fields = { job: this.#parts.jobName, discovery: this.#refresh.kind, error: message };
      if (message !== this.lastError) this.#parts.log.warn(fields, 'discovery failed; the last targets stay');
      this.lastError = message;
    }
  }
}

/** Groups as files and HTTP services write them. Throws an Error that says what is wrong. */
export function parseGroups(
  value: unknown,
  sourceOf: (index: number) => string,
  meta: Readonly<Record<string, string>>,
): TargetGroup[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new Error('the list of target groups is not a list');
  return value.map((item: unknown, index) => {
    if (item === null || typeof item !== 'object')
      throw new Error(`target group ${index} is nil or no section`);
    const { targets, labels, ...rest } = item as Record<string, unknown>;
    const unknown = Object.keys(rest)[0];
    if (unknown !== undefined)
      throw new Error(`target group ${index} has the unknown key ${JSON.stringify(unknown)}`);
    return {
      source: sourceOf(index),
      labels: { ...labelsOf(labels, index), ...meta },
      targets: targetsOf(targets, index).map((address) => ({ [ADDRESS]: address })),
    };
  });
}

function targetsOf(value: unknown, index: number): string[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`the targets of target group ${index} are not a list`);
  return value.map((target: unknown) => scalarText(target, `a target of target group ${index}`));
}

function labelsOf(value: unknown, index: number): Record<string, string> {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new Error(`the labels of target group ${index} are not names and values`);
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => {
      if (name === '') throw new Error(`target group ${index} has a label without a name`);
      return [name, text === null ? '' : scalarText(text, `the label ${name} of target group ${index}`)];
    }),
  );
}

function scalarText(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${what} is no text`);
}

/** `host:port`, IPv6 in brackets. */
export function joinHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** As label names were before UTF-8: everything but letters, digits and `_` becomes `_`. */
export function sanitizeLabelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_');
}
