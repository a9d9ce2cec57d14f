import { setMaxListeners } from 'node:events';
import { messageOf } from '../../lib/errors.ts';
import type { Labels } from '../../model/labels.ts';
import type { Integration } from '../../model/notification.ts';
import type {
  AlertCounters,
  AlertEngine,
  AlertEngineParts,
  AlertExplanation,
  AlertGroupView,
  AlertView,
  Silences,
  TellOutcome,
  TellRequest,
} from '../engine-types.ts';
import { matchesLabels } from '../matchers.ts';
import { matchingRoutes } from '../route-match.ts';
import type { Alert, AlertingConfig, AlertMatcher, IncomingAlert, Receiver, Silence } from '../types.ts';
import type { AlertGroup } from './alert-group.ts';
import type { AlertRecord } from './alert-record.ts';
import { AlertStore } from './alert-store.ts';
import { DeliverySlots } from './delivery-slots.ts';
import { tellDirectly } from './direct-tell.ts';
import { Dispatcher } from './dispatcher.ts';
import { Inhibitor } from './inhibitor.ts';
import type { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import { LeavingLanes } from './leaving.ts';
import { MIN_SWEEP_MS, STOP_MS, SWEEP_MS } from './limits.ts';
import { SilenceStore } from './silence-store.ts';
import { mutedBy, suppressionsOf, suppressionText } from './suppressor.ts';
import { Tasks } from './tasks.ts';
import { Teller } from './teller.ts';
import { alertView, byFingerprint, groupView, type ViewParts } from './views.ts';
import { explain, NO_EXPLANATION } from './why.ts';

/** Not started yet; see {@link AlertEngine}. */
export function createAlertEngine(parts: AlertEngineParts): AlertEngine {
  return new Engine(parts);
}

class Engine implements AlertEngine {
  readonly counters: AlertCounters = {
    received: 0,
    refused: 0,
    notified: 0,
    notifyFailures: 0,
    suppressed: 0,
    stateFailures: 0,
  };
  readonly silences: Silences;
  readonly #parts: AlertEngineParts;
  readonly #store: AlertStore;
  readonly #silences: SilenceStore;
  readonly #lanes: Lanes;
  readonly #slots = new DeliverySlots();
  readonly #teller: Teller;
  readonly #dispatcher: Dispatcher;
  readonly #leaving: LeavingLanes;
  readonly #tasks: Tasks;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #config: AlertingConfig;
  #inhibitor: Inhibitor;
  #integrations: ReadonlyMap<string, Integration>;
  #isStopping = false;
  #hasNews = false;
  #cancelSweep: (() => void) | undefined;
  #sweepAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: AlertEngineParts) {
    this.#parts = parts;
    this.#config = parts.config;
    // Every delivery that goes on listens to it.
    setMaxListeners(0, this.#stop.signal);
    this.#inhibitor = new Inhibitor(parts.config.inhibitRules);
    this.#integrations = integrationsOf(parts.config);
    this.#tasks = new Tasks((error) =>
      parts.log.error({ error: messageOf(error) }, 'alerting failed because of a bug'),
    );
    this.#lanes = new Lanes({ ...parts, onStateFailure: this.#onStateFailure });
    this.#store = this.#newStore();
    this.#silences = this.#newSilences();
    this.#dispatcher = this.#newDispatcher();
    this.#teller = this.#newTeller();
    this.#leaving = new LeavingLanes({
      clock: parts.clock,
      exists: ({ integration }) => this.#integrations.has(integration),
      isLive: (lane) => this.#groupsOf(lane).length > 0,
      recordOf: (fingerprint) => this.#store.records.get(fingerprint),
      run: (lane) => this.#tasks.track(this.#teller.run(lane)),
    });
    this.silences = {
      list: () => this.#silences.list(),
      get: (id) => this.#silences.get(id),
      put: (input, actor) => this.#silences.put(input, actor),
      expire: (id, actor) => this.#silences.expire(id, actor),
      preview: (matchers) => this.#preview(matchers),
    };
  }

  get config(): AlertingConfig {
    return this.#config;
  }

  async start(): Promise<void> {
    await this.#silences.start();
    await this.#lanes.start();
    await this.#store.start();
    const records = [...this.#store.records.values()];
    for (const record of records) this.#inhibitor.update(record);
    for (const record of records) this.#dispatcher.dispatch(record);
    this.#leaving.add(this.#lanes);
    this.#scheduleSweep(MIN_SWEEP_MS);
  }

  async reload(config: AlertingConfig): Promise<void> {
    this.#config = config;
    this.#integrations = integrationsOf(config);
    this.#inhibitor = new Inhibitor(config.inhibitRules);
    const records = [...this.#store.records.values()];
    for (const record of records) {
      this.#derive(record);
      this.#inhibitor.update(record);
    }
    this.#dispatcher.rebuild(records);
    this.#leaving.add(this.#lanes);
    this.#scheduleSweep(MIN_SWEEP_MS);
    this.#onChange();
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#cancelSweep?.();
    this.#dispatcher.stop();
    this.#slots.close();
    for (const lane of this.#lanes) lane.clearRetry();
    const cancel = this.#parts.clock.after(STOP_MS, () => this.#stop.abort());
    await this.#tasks.idle();
    cancel();
    this.#stop.abort();
    await this.#store.flush();
    await this.#lanes.commit();
    await this.#silences.sweep();
  }

  idle(): Promise<void> {
    return this.#tasks.idle();
  }

  async post(alerts: readonly IncomingAlert[]): Promise<void> {
    const work = this.#store.post(alerts);
    this.#tasks.track(work.catch(() => undefined));
    try {
      await work;
    } finally {
      this.#scheduleSweep(this.#store.nextDeadlineMs - this.#parts.clock.elapsed());
    }
  }

  alerts(): readonly AlertView[] {
    const parts = this.#viewParts();
    return [...this.#store.records.values()].sort(byFingerprint).map((record) => alertView(record, parts));
  }

  alert(fingerprint: string): AlertView | undefined {
    const record = this.#store.records.get(fingerprint);
    return record && alertView(record, this.#viewParts());
  }

  groups(): readonly AlertGroupView[] {
    const parts = this.#viewParts();
    return [...this.#dispatcher.groups]
      .filter(({ records }) => records.size > 0)
      .map((group) => groupView(group, parts));
  }

  receivers(): readonly Receiver[] {
    return [...this.#config.receivers.values()];
  }

  receiversFor(labels: Labels): readonly string[] {
    return matchingRoutes(this.#config.route, labels).map(({ receiver }) => receiver);
  }

  why(fingerprint: string): AlertExplanation {
    const record = this.#store.records.get(fingerprint);
    if (record === undefined) return NO_EXPLANATION;
    const { clock, isAcknowledged } = this.#parts;
    return explain(record, alertView(record, this.#viewParts()), {
      isAcknowledged,
      config: this.#config,
      lanes: this.#lanes,
      nowMs: clock.now(),
      elapsedMs: clock.elapsed(),
      suppressionText: this.#suppressionText,
    });
  }

  async tell(request: TellRequest): Promise<readonly TellOutcome[]> {
    const work = tellDirectly(request, {
      ...this.#parts,
      config: this.#config,
      lanes: this.#lanes,
      slots: this.#slots,
      counters: this.counters,
      stop: this.#stop.signal,
    });
    this.#tasks.track(work.catch(() => undefined));
    return work;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #newStore(): AlertStore {
    return new AlertStore({
      ...this.#parts,
      counters: this.counters,
      resolveTimeoutMs: () => this.#config.resolveTimeoutMs,
      onAdd: (record) => {
        const silenceIds = this.#silences.matching(record.alert.labels);
        if (silenceIds.length > 0) record.silenceIds = silenceIds;
        this.#derive(record);
      },
      onTurn: this.#onTurn,
      onRemove: (record) => this.#dispatcher.remove(record),
      onChange: this.#onChange,
      onStateFailure: this.#onStateFailure,
    });
  }

  #newSilences(): SilenceStore {
    return new SilenceStore({
      ...this.#parts,
      onAdd: (silence) => this.#onSilence(silence),
      onRemove: (id) => {
        for (const record of this.#store.records.values())
          if (record.silenceIds.includes(id))
            record.silenceIds = record.silenceIds.filter((one) => one !== id);
      },
      onChange: () => {
        this.#scheduleSweep(this.#silences.nextChangeMs(this.#parts.clock.now()) - this.#parts.clock.now());
        this.#onChange();
      },
      onStateFailure: this.#onStateFailure,
    });
  }

  #newDispatcher(): Dispatcher {
    return new Dispatcher({
      ...this.#parts,
      lanes: this.#lanes,
      counters: this.counters,
      config: () => this.#config,
      run: (lane) => this.#teller.run(lane),
      expire: (records) => this.#store.expire(records),
      suppressionText: this.#suppressionText,
      track: this.#tasks.track,
      onEnd: ({ key }) => this.#leaving.add(this.#lanes.ofGroup(key)),
      onChange: this.#onChange,
    });
  }

  #newTeller(): Teller {
    return new Teller({
      ...this.#parts,
      lanes: this.#lanes,
      slots: this.#slots,
      counters: this.counters,
      stop: this.#stop.signal,
      integrationOf: (id) => this.#integrations.get(id),
      groupsOf: (lane) => this.#groupsOf(lane),
      recordOf: (fingerprint) => this.#store.records.get(fingerprint),
      isHidden: (record, group) => this.#isHidden(record, group),
      track: this.#tasks.track,
      onRest: (lane) => {
        this.#dispatcher.settleLane(lane);
        this.#onChange();
      },
    });
  }

  /** What follows from the labels and the configuration. */
  #derive(record: AlertRecord): void {
    const { labels } = record.alert;
    record.routes = matchingRoutes(this.#config.route, labels);
    record.inhibition = this.#inhibitor.sidesOf(labels);
  }

  readonly #onTurn = (record: AlertRecord): void => {
    this.#inhibitor.update(record);
    if (!record.isResolved) this.#dispatcher.dispatch(record);
    else if (this.#leaving.size > 0) this.#scheduleSweep(MIN_SWEEP_MS);
  };

  #onSilence({ id, matchers }: Silence): void {
    for (const record of this.#store.records.values())
      if (matchesLabels(matchers, record.alert.labels)) record.silenceIds = [...record.silenceIds, id];
  }

  readonly #onStateFailure = (error: unknown): void => {
    this.counters.stateFailures++;
    this.#parts.log.error({ error: messageOf(error) }, 'the state of alerting could not be saved');
  };

  readonly #onChange = (): void => {
    if (this.#hasNews || this.#listeners.size === 0) return;
    this.#hasNews = true;
    setImmediate(() => {
      this.#hasNews = false;
      for (const listener of this.#listeners) {
        try {
          listener();
        } catch (error) {
          this.#parts.log.error({ error: messageOf(error) }, 'a listener to changes of alerts failed');
        }
      }
    });
  };

  #groupsOf(lane: Lane): readonly AlertGroup[] {
    const integration = this.#integrations.get(lane.integration);
    return integration === undefined ? [] : this.#dispatcher.groupsOf(lane, integration);
  }

  #isHidden(record: AlertRecord, group: AlertGroup | undefined): boolean {
    const nowMs = this.#parts.clock.now();
    if (this.#silences.suppressionOf(record.silenceIds, nowMs) !== undefined) return true;
    if (this.#inhibitor.suppressionOf(record) !== undefined) return true;
    return group !== undefined && mutedBy(group.route, this.#config.timeIntervals, nowMs) !== undefined;
  }

  readonly #suppressionText = (record: AlertRecord, { route }: AlertGroup): string | undefined => {
    const { suppressionsOf: all, mutedBy: muted } = this.#viewParts();
    const found = all(record)[0] ?? muted(route);
    return found && suppressionText(found, route);
  };

  #viewParts(): ViewParts {
    const nowMs = this.#parts.clock.now();
    const sources = { silences: this.#silences, inhibitor: this.#inhibitor };
    return {
      nowMs,
      elapsedMs: this.#parts.clock.elapsed(),
      suppressionsOf: (record) => suppressionsOf(record, sources, nowMs),
      mutedBy: (route) => mutedBy(route, this.#config.timeIntervals, nowMs),
    };
  }

  #preview(matchers: readonly AlertMatcher[]): Alert[] {
    return [...this.#store.records.values()]
      .filter(({ isResolved, alert }) => !isResolved && matchesLabels(matchers, alert.labels))
      .sort(byFingerprint)
      .map(({ alert }) => alert);
  }

  #scheduleSweep(inMs: number): void {
    if (this.#isStopping) return;
    const { clock } = this.#parts;
    const delayMs = Math.min(SWEEP_MS, Math.max(MIN_SWEEP_MS, inMs));
    const atMs = clock.elapsed() + delayMs;
    if (atMs >= this.#sweepAtMs) return;
    this.#cancelSweep?.();
    this.#sweepAtMs = atMs;
    this.#cancelSweep = clock.after(delayMs, () => {
      this.#sweepAtMs = Number.POSITIVE_INFINITY;
      this.#tasks.track(this.#sweep().finally(() => this.#scheduleNextSweep()));
    });
  }

  /** Looks at everything that runs out by itself. */
  async #sweep(): Promise<void> {
    await this.#store.expireDue();
    await this.#silences.sweep();
    this.#leaving.sweep();
    const isInUse = (lane: Lane) => this.#groupsOf(lane).length > 0 || this.#leaving.has(lane);
    this.#store.purge(() => {
      const owed = new Set<string>();
      for (const lane of this.#lanes) {
        if (!isInUse(lane)) continue;
        for (const fingerprint of lane.entry.firing) owed.add(fingerprint);
        for (const fingerprint of lane.entry.uncertain) owed.add(fingerprint);
      }
      return owed;
    });
    this.#lanes.purge(isInUse);
    await this.#store.flush();
    await this.#lanes.commit();
  }

  #scheduleNextSweep(): void {
    const { clock } = this.#parts;
    const nowMs = clock.now();
    const nextMs = Math.min(
      this.#store.nextDeadlineMs - clock.elapsed(),
      this.#silences.nextChangeMs(nowMs) - nowMs,
      this.#leaving.size > 0 ? MIN_SWEEP_MS * 10 : SWEEP_MS,
    );
    this.#scheduleSweep(nextMs);
  }
}

function integrationsOf(config: AlertingConfig): Map<string, Integration> {
  const byId = new Map<string, Integration>();
  for (const { integrations } of config.receivers.values())
    for (const integration of integrations) byId.set(integration.id, integration);
  return byId;
}
