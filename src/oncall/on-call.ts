import type { Log } from '../lib/log.ts';
import { createOutboundClient } from '../lib/outbound.ts';
import { denyMetadataAddresses } from '../lib/outbound-address.ts';
import type { OutboundClient } from '../lib/outbound-types.ts';
import type { Labels } from '../model/labels.ts';
import type { Priority } from '../model/notification.ts';
import { type AcknowledgeInput, type Acknowledgement, Acknowledgements } from './acknowledgements.ts';
import { type ActionPages, createActionPages } from './action-pages.ts';
import { type ActionTokens, createActionTokens, keepLinkSecret } from './action-tokens.ts';
import { type Buttons, createButtons } from './buttons.ts';
import type { EscalationStep, OnCallConfig } from './config-types.ts';
import type { EscalationStatus } from './escalation-status.ts';
import { Escalations } from './escalations.ts';
import { Ledger } from './ledger.ts';
import { type OnCallView, onCallView } from './on-call-view.ts';
import { type OverrideInput, Overrides } from './overrides.ts';
import { priorityOfLabels } from './priorities.ts';
import { type ResponseStatus, Responses } from './responses.ts';
import type { Override } from './schedule.ts';
import { targetsOf } from './targets.ts';
import type {
  AlertLife,
  OnCallAlertView,
  OnCallClock,
  OnCallDocuments,
  RecordOnCallEvents,
  TellReceiver,
} from './types.ts';

/** All alerts are looked at this often at most, however often they change. */
const LOOK_INTERVAL_MS = 100;
/** And this often at least, while there are any. */
const LOOK_AGAIN_MS = 60_000;

export interface OnCallParts {
  readonly config: OnCallConfig;
  readonly clock: OnCallClock;
  readonly documents: OnCallDocuments;
  /** The alert as the engine has it now. Asked only after the start. */
  readonly alertOf: (fingerprint: string) => OnCallAlertView | undefined;
  readonly tell: TellReceiver;
  readonly record: RecordOnCallEvents;
  /** Address of this server for people, without a slash at the end. */
  readonly externalUrl: string;
  /** For answers to Telegram and Slack; a client of its own when absent. */
  readonly http?: Pick<OutboundClient, 'request'>;
  readonly log: Log;
}

export interface OnCallCounters {
  readonly acknowledgements: number;
  readonly acknowledgedNow: number;
  readonly escalations: number;
  readonly escalatingNow: number;
  readonly escalationSteps: number;
  readonly escalationsTold: number;
  readonly escalationTellFailures: number;
  /** Alerts that had to wait because too many escalate. */
  readonly escalationsRefused: number;
  readonly responsesMissed: number;
  /** Alerts whose response nobody watches because there are too many, now. */
  readonly responsesUnwatched: number;
  readonly stateFailures: number;
}

/** Who has an alert, and who is called until somebody does. */
export interface OnCall {
  /** From now on alerts escalate. Call after the engine's start. */
  start(): Promise<void>;
  /** Call before the engine's stop. Waits for what is being told, for a few seconds. */
  stop(): Promise<void>;
  /** Resolves once nothing is being told or stored. */
  idle(): Promise<void>;
  reload(config: OnCallConfig): Promise<void>;
  /**
   * Takes what the engine knows now, after every change; returns at once.
   *
   * @param views all alerts; a function is called only when they are looked at.
   */
  onAlerts(views: readonly OnCallAlertView[] | (() => readonly OnCallAlertView[])): void;
  isAcknowledged(alert: AlertLife): boolean;
  /**
   * Durable once it resolves; see {@link Acknowledgements.acknowledge} for what is thrown.
   *
   * @param startsAtMs undefined: the alert with this fingerprint that fires now.
   */
  acknowledge(
    fingerprint: string,
    startsAtMs: number | undefined,
    input: AcknowledgeInput,
  ): Promise<Acknowledgement>;
  /** @returns false when nobody had acknowledged. @throws BellwetherError `state_unavailable` (503). */
  unacknowledge(fingerprint: string, actor: string): Promise<boolean>;
  acknowledgementOf(fingerprint: string): Acknowledgement | undefined;
  escalationOf(fingerprint: string): EscalationStatus | undefined;
  responseOf(fingerprint: string): ResponseStatus | undefined;
  readonly priorityOf: (labels: Labels) => Priority;
  /** @param range of the shifts. */
  view(range: { readonly fromMs: number; readonly toMs: number }, nowMs?: number): OnCallView;
  /** @throws BellwetherError `not_found` (404), `bad_range` (400), `too_many_overrides` (429). */
  addOverride(input: OverrideInput, actor: string): Promise<Override>;
  /** @throws BellwetherError `not_found` (404). */
  removeOverride(id: string, actor: string): Promise<void>;
  readonly tokens: ActionTokens;
  readonly pages: ActionPages;
  readonly buttons: Buttons;
  readonly config: OnCallConfig;
  readonly counters: OnCallCounters;
}

/**
 * Takes up what was saved, so that the engine may ask from its start on who has acknowledged what. Nothing is told before
 * {@link OnCall.start}.
 */
export async function createOnCall(parts: OnCallParts): Promise<OnCall> {
  const service = new OnCallService(parts);
  await service.restore();
  return service;
}

class OnCallService implements OnCall {
  readonly #parts: OnCallParts;
  readonly #ledger: Ledger;
  readonly #acknowledgements: Acknowledgements;
  readonly #escalations: Escalations;
  readonly #responses: Responses;
  readonly #overrides: Overrides;
  readonly #ownHttp: OutboundClient | undefined;
  readonly buttons: Buttons;
  readonly pages: ActionPages;
  readonly priorityOf = (labels: Labels) => priorityOfLabels(this.#config, labels);
  #tokens: ActionTokens | undefined;
  #config: OnCallConfig;
  #alerts: (() => readonly OnCallAlertView[]) | undefined;
  #lookedElapsedMs = Number.NEGATIVE_INFINITY;
  #isRunning = false;
  #isStale = false;
  #cancelTimer: (() => void) | undefined;
  #timerElapsedMs = Number.POSITIVE_INFINITY;

  constructor(parts: OnCallParts) {
    const { clock, record, log, alertOf } = parts;
    this.#parts = parts;
    this.#config = parts.config;
    this.#ledger = new Ledger(parts.documents, clock, log);
    const ledger = this.#ledger;
    const config = () => this.#config;
    const isAcknowledged = (alert: AlertLife) => this.isAcknowledged(alert);
    const onChange = (fingerprint: string) => this.#touch(fingerprint);
    this.#acknowledgements = new Acknowledgements({ ledger, clock, record, alertOf, onChange, log });
    this.#overrides = new Overrides({ ledger, clock, record, config, log });
    this.#responses = new Responses({ ledger, clock, record, config, isAcknowledged, log });
    const { tell } = parts;
    const targets = (step: EscalationStep) => this.#targetsOf(step);
    this.#escalations = new Escalations({
      ...{ ledger, clock, record, tell, config, alertOf, isAcknowledged, log },
      targetsOf: targets,
    });
    this.#ownHttp =
      parts.http === undefined ? createOutboundClient({ policy: denyMetadataAddresses }) : undefined;
    const acknowledge = this.acknowledge.bind(this);
    this.buttons = createButtons({ config, clock, acknowledge, http: parts.http ?? this.#ownHttp!, log });
    this.pages = createActionPages({
      ...{ alertOf, acknowledge },
      tokens: () => this.tokens,
      acknowledgementOf: (fingerprint) => this.acknowledgementOf(fingerprint),
      priorityOf: ({ labels }) => this.priorityOf(labels),
      alertUrl: (fingerprint) => `${parts.externalUrl}/alerts/${fingerprint}`,
    });
  }

  async restore(): Promise<void> {
    const documents = await this.#ledger.load();
    const secret = await keepLinkSecret(documents, this.#ledger);
    this.#tokens = createActionTokens({ secret, clock: this.#parts.clock });
    this.#overrides.restore(documents);
    this.#acknowledgements.restore(documents);
    this.#responses.restore(documents);
    this.#escalations.restore(documents);
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    if (this.#alerts !== undefined) this.#look();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancelTimer?.();
    await this.#escalations.stop();
    await this.#ledger.stop();
    await this.#ownHttp?.close();
  }

  async idle(): Promise<void> {
    await this.#ledger.settled();
    await this.#escalations.idle();
    await this.buttons.idle();
    await this.#ledger.settled();
  }

  async reload(config: OnCallConfig): Promise<void> {
    this.#config = config;
    this.#escalations.reload();
    this.#responses.reload();
    if (this.#isRunning && this.#alerts !== undefined) this.#look();
    await this.#ledger.settled();
  }

  onAlerts(views: readonly OnCallAlertView[] | (() => readonly OnCallAlertView[])): void {
    this.#alerts = typeof views === 'function' ? views : () => views;
    this.#isStale = true;
    if (!this.#isRunning) return;
    const sinceMs = this.#parts.clock.elapsed() - this.#lookedElapsedMs;
    if (sinceMs >= LOOK_INTERVAL_MS) this.#look();
    else this.#wakeAt(this.#lookedElapsedMs + LOOK_INTERVAL_MS);
  }

  isAcknowledged(alert: AlertLife): boolean {
    return this.#acknowledgements.isAcknowledged(alert);
  }

  acknowledge(
    fingerprint: string,
    startsAtMs: number | undefined,
    input: AcknowledgeInput,
  ): Promise<Acknowledgement> {
    return this.#acknowledgements.acknowledge(fingerprint, startsAtMs, input);
  }

  unacknowledge(fingerprint: string, actor: string): Promise<boolean> {
    return this.#acknowledgements.unacknowledge(fingerprint, actor);
  }

  acknowledgementOf(fingerprint: string): Acknowledgement | undefined {
    return this.#acknowledgements.of(fingerprint);
  }

  escalationOf(fingerprint: string): EscalationStatus | undefined {
    return this.#escalations.of(fingerprint);
  }

  responseOf(fingerprint: string): ResponseStatus | undefined {
    return this.#responses.of(fingerprint);
  }

  view(
    range: { readonly fromMs: number; readonly toMs: number },
    nowMs = this.#parts.clock.now(),
  ): OnCallView {
    const view = {
      config: this.#config,
      overridesOf: (schedule: string) => this.#overrides.list(schedule),
      countingOf: (schedule: string) => this.#overrides.counting(schedule),
      targetsOf: (step: EscalationStep) => this.#targetsOf(step),
      running: this.#escalations.running(),
    };
    return onCallView(view, range, nowMs);
  }

  addOverride(input: OverrideInput, actor: string): Promise<Override> {
    return this.#overrides.add(input, actor);
  }

  removeOverride(id: string, actor: string): Promise<void> {
    return this.#overrides.remove(id, actor);
  }

  get tokens(): ActionTokens {
    return this.#tokens!;
  }

  get config(): OnCallConfig {
    return this.#config;
  }

  get counters(): OnCallCounters {
    const { begun, steps, told, tellFailures, refused } = this.#escalations.counters;
    return {
      acknowledgements: this.#acknowledgements.acknowledged,
      acknowledgedNow: this.#acknowledgements.size,
      escalations: begun,
      escalatingNow: this.#escalations.size,
      escalationSteps: steps,
      escalationsTold: told,
      escalationTellFailures: tellFailures,
      escalationsRefused: refused,
      responsesMissed: this.#responses.missed,
      responsesUnwatched: this.#responses.unwatched,
      stateFailures: this.#ledger.failures,
    };
  }

  #targetsOf(step: EscalationStep) {
    return targetsOf(step, this.#config, {
      timeMs: this.#parts.clock.now(),
      overridesOf: (schedule) => this.#overrides.counting(schedule),
    });
  }

  /** Somebody acknowledged an alert or no longer has it. */
  #touch(fingerprint: string): void {
    if (!this.#isRunning) return;
    const view = this.#parts.alertOf(fingerprint);
    if (view !== undefined) this.#responses.touch(view.alert);
    this.#escalations.touch(fingerprint);
    this.#wakeWhenDue();
  }

  #look(): void {
    this.#lookedElapsedMs = this.#parts.clock.elapsed();
    this.#isStale = false;
    const views = new Map((this.#alerts?.() ?? []).map((view) => [view.alert.fingerprint, view]));
    this.#acknowledgements.sync((fingerprint) => views.get(fingerprint));
    this.#escalations.sync(views);
    this.#responses.sync(views);
    this.#work();
  }

  /** Does what is due, and waits for what is due next. */
  #work(): void {
    this.#acknowledgements.sync(this.#parts.alertOf);
    this.#escalations.tick();
    this.#responses.tick(this.#parts.alertOf);
    this.#wakeWhenDue();
  }

  #wakeWhenDue(): void {
    this.#wakeAt(
      Math.min(
        this.#acknowledgements.nextEndElapsedMs(),
        this.#escalations.nextDueElapsedMs(),
        this.#responses.nextDueElapsedMs(),
        this.#isStale ? this.#lookedElapsedMs + LOOK_INTERVAL_MS : Number.POSITIVE_INFINITY,
        this.#alerts === undefined ? Number.POSITIVE_INFINITY : this.#lookedElapsedMs + LOOK_AGAIN_MS,
      ),
    );
  }

  /** Wakes at a moment of the clock that does not jump, unless it wakes before. */
  #wakeAt(elapsedMs: number): void {
    if (!this.#isRunning || elapsedMs >= this.#timerElapsedMs) return;
    this.#cancelTimer?.();
    this.#timerElapsedMs = elapsedMs;
    this.#cancelTimer = this.#parts.clock.after(elapsedMs - this.#parts.clock.elapsed(), () => {
      this.#cancelTimer = undefined;
      this.#timerElapsedMs = Number.POSITIVE_INFINITY;
      if (!this.#isRunning) return;
      const sinceMs = this.#parts.clock.elapsed() - this.#lookedElapsedMs;
      const isLookDue = sinceMs >= (this.#isStale ? LOOK_INTERVAL_MS : LOOK_AGAIN_MS);
      if (this.#alerts !== undefined && isLookDue) this.#look();
      else this.#work();
    });
  }
}
