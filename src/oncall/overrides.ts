import { randomBytes } from 'node:crypto';
import { BellwetherError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { formatTime } from '../lib/time.ts';
import type { OnCallConfig } from './config-types.ts';
import { hasFields, type Ledger, readRecords } from './ledger.ts';
import type { Override } from './schedule.ts';
import type { OnCallClock, RecordOnCallEvents } from './types.ts';

const PREFIX = 'override/';
export const MAX_OVERRIDES = 2000;
const MAX_OVERRIDE_MS = 366 * 86_400_000;
/** How long past ones stay, to be seen. */
const KEPT_AFTER_MS = 90 * 86_400_000;

export interface OverrideInput {
  readonly schedule: string;
  readonly person: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface OverrideParts {
  readonly ledger: Ledger;
  readonly clock: OnCallClock;
  readonly record: RecordOnCallEvents;
  readonly config: () => OnCallConfig;
  readonly log: Log;
}

/** Who stands in for whom. */
export class Overrides {
  readonly #parts: OverrideParts;
  #all: readonly Override[] = [];

  constructor(parts: OverrideParts) {
    this.#parts = parts;
  }

  restore(documents: ReadonlyMap<string, string>): void {
    const { log } = this.#parts;
    this.#all = readRecords(documents, PREFIX, { isRecord: isOverride, log }).sort(
      (a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1),
    );
  }

  /** Of one schedule, in the order they were made. */
  list(schedule: string): readonly Override[] {
    return this.#all.filter((override) => override.schedule === schedule);
  }

  /** Those that count: of people who are still configured. */
  counting(schedule: string): readonly Override[] {
    const { people } = this.#parts.config();
    return this.list(schedule).filter(({ person }) => people.has(person));
  }

  /**
   * Durable once it resolves.
   *
   * @throws BellwetherError `not_found` (404) without such a schedule or person, `bad_range` (400), `too_many_overrides` (429).
   */
  async add(input: OverrideInput, actor: string): Promise<Override> {
    this.#check(input);
    const { ledger, clock } = this.#parts;
    const override: Override = {
      ...input,
      id: randomBytes(8).toString('hex'),
      createdBy: actor,
      createdAtMs: clock.now(),
    };
    const old = this.#all.filter(({ toMs }) => toMs < clock.now() - KEPT_AFTER_MS);
    await ledger.write(
      new Map<string, string | undefined>([
        ...old.map(({ id }): [string, undefined] => [PREFIX + id, undefined]),
        [PREFIX + override.id, JSON.stringify(override)],
      ]),
    );
    this.#all = [...this.#all.filter((one) => !old.includes(one)), override];
    this.#report(override, actor, 'is on call');
    return override;
  }

  /** @throws BellwetherError `not_found` (404). */
  async remove(id: string, actor: string): Promise<void> {
    const override = this.#all.find((one) => one.id === id);
    if (override === undefined) throw notFound('there is no such override');
    await this.#parts.ledger.write(new Map([[PREFIX + id, undefined]]));
    this.#all = this.#all.filter((one) => one.id !== id);
    this.#report(override, actor, 'no longer is on call');
  }

  #check({ schedule, person, fromMs, toMs }: OverrideInput): void {
    const { people, schedules } = this.#parts.config();
    if (!schedules.has(schedule)) throw notFound(`there is no schedule ${JSON.stringify(schedule)}`);
    if (!people.has(person)) throw notFound(`there is no person ${JSON.stringify(person)}`);
    const nowMs = this.#parts.clock.now();
    if (!(fromMs < toMs && toMs > nowMs && toMs - fromMs <= MAX_OVERRIDE_MS))
      throw new BellwetherError({
        code: 'bad_range',
        status: 400,
        message: 'an override must begin before it ends, end in the future, and last at most 366 days',
      });
    const live = this.#all.filter(({ toMs: endMs }) => endMs >= nowMs - KEPT_AFTER_MS);
    if (live.length >= MAX_OVERRIDES)
      throw new BellwetherError({
        code: 'too_many_overrides',
        status: 429,
        message: `there are ${MAX_OVERRIDES} overrides already`,
        hint: 'remove some that are over',
      });
  }

  #report({ schedule, person, fromMs, toMs }: Override, actor: string, what: string): void {
    const detail = `${person} ${what} for ${schedule} from ${formatTime(fromMs)} to ${formatTime(toMs)}`;
    this.#parts.record([{ timeMs: this.#parts.clock.now(), kind: 'override_changed', actor, detail }]);
  }
}

function notFound(message: string): BellwetherError {
  return new BellwetherError({ code: 'not_found', status: 404, message });
}

function isOverride(value: unknown): value is Override {
  return hasFields(value, {
    id: 'string',
    schedule: 'string',
    person: 'string',
    fromMs: 'number',
    toMs: 'number',
    createdBy: 'string',
    createdAtMs: 'number',
  });
}
