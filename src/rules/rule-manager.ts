import type { Clock } from '../lib/clock.ts';
import { BellwetherError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { compareText, Labels } from '../model/labels.ts';
import { RESOLVED_RETENTION_MS } from './alert-state.ts';
import type {
  EvaluationParts,
  ExpandTemplate,
  RuleAlert,
  RuleChange,
  RuleCounters,
} from './evaluation-types.ts';
import { GroupLoop } from './group-loop.ts';
import { GroupRunner } from './group-runner.ts';
import { promqlEvaluator, type RuleEvaluator, type RuleQuery } from './languages.ts';
import { type LeftRule, leftFromRunner, leftFromSaved } from './left-rule.ts';
import { matchRules } from './match-state.ts';
import { continuePending, FOR_GRACE_PERIOD_MS } from './restore-series.ts';
import { retireRules, SeriesEnding } from './retire-rules.ts';
import type { RuleRunner } from './rule-runner.ts';
import { type RuleStateStore, readSeen, readState, SEEN_KEY, stateOf } from './rule-state.ts';
import { groupKey, type RuleGroup, type RuleSample } from './rule-types.ts';
import { groupsEqual, ruleIds } from './rules-equal.ts';

/** How often it is noted that the server is alive, while there are alerts. */
const HEARTBEAT_MS = 30_000;

export interface RuleManagerOptions {
  /** An alert is told again after this time; 60 s unless given. */
  readonly resendDelayMs?: number;
  /** How long alerts are kept that were not seen again after a start or an outage of the store; 60 s unless given. */
  readonly settleMs?: number;
  /**
   * How long a resolved alert is kept and told again after it was handed over; 15 minutes unless given. Shorter where whoever takes alerts
   * over keeps them, because the state of a rule is saved whole with every change.
   */
  readonly resolvedRetentionMs?: number;
  /** Most series of one rule where its group has no limit; 100 000 unless given. */
  readonly maxSeriesPerRule?: number;
}

export interface RuleManagerParts {
  /** PromQL instant query. */
  readonly query: RuleQuery;
  /** Stores samples; once it resolves, queries see them. A rejection is shown at the rule and does not stop it. */
  readonly write: (samples: readonly RuleSample[]) => Promise<void>;
  readonly clock: Clock;
  readonly state: RuleStateStore;
  readonly expandTemplate: ExpandTemplate;
  /** Takes alerts over: at once when they fire or are resolved, and again every resend delay. Should not wait for their delivery. */
  readonly notify: (alerts: readonly RuleAlert[]) => void | Promise<void>;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Without a slash at the end. */
  readonly externalUrl: string;
  readonly log: Log;
  /** Evaluators of other languages than PromQL by name. */
  readonly languages?: ReadonlyMap<string, RuleEvaluator>;
  /** Hears of every change of an alert's state. Must not throw. */
  readonly onChange?: (changes: readonly RuleChange[]) => void;
  /** Whether a query failed because the store cannot be reached; status 503 other than a timeout unless given. */
  readonly isStoreAway?: (error: unknown) => boolean;
  readonly options?: RuleManagerOptions;
}

export interface ReloadOptions {
  /** Alerts of rules that are gone belong to somebody else now: they are neither resolved nor is their state removed. */
  readonly handsOver?: boolean;
}

/** Evaluates groups of rules. */
export interface RuleManager {
  /** Takes up the saved state and begins. Call once. */
  start(groups: readonly RuleGroup[], options?: ReloadOptions): Promise<void>;
  /**
   * Changes to other groups. Those that are equal go on undisturbed; the alerts of a changed rule stay as long as its name and labels
   * do; alerts of rules that are gone are resolved.
   *
   * @throws BellwetherError `duplicate_group`, with everything as it was.
   */
  reload(groups: readonly RuleGroup[], options?: ReloadOptions): Promise<void>;
  /** Ends evaluations that run and saves what changed. */
  stop(): Promise<void>;
  /** Resolves once no evaluation runs. */
  idle(): Promise<void>;
  /** Sorted by file and name. The runners are live: read only. */
  groups(): readonly GroupRunner[];
  readonly counters: Readonly<RuleCounters>;
}

/** Makes a manager. It does nothing until started. */
export function createRuleManager(parts: RuleManagerParts): RuleManager {
  return new Manager(parts);
}

class Manager implements RuleManager {
  readonly counters: RuleCounters = {
    evaluations: 0,
    failures: 0,
    missedTicks: 0,
    samplesWritten: 0,
    writeFailures: 0,
    notificationsSent: 0,
    notifyFailures: 0,
    stateFailures: 0,
  };
  readonly #given: RuleManagerParts;
  readonly #parts: EvaluationParts;
  readonly #ending: SeriesEnding;
  #loops = new Map<string, GroupLoop>();
  #queue: Promise<void> = Promise.resolve();
  #stopHeartbeat: (() => void) | undefined;
  #isStopped = false;

  constructor(given: RuleManagerParts) {
    this.#given = given;
    this.#parts = evaluationParts(given, this.counters, (runner) => this.#save(runner as RuleRunner));
    this.#ending = new SeriesEnding(this.#parts, () => this.#runners());
  }

  start(groups: readonly RuleGroup[], options: ReloadOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      const saved = await this.#load();
      await this.#change(groups, options, ownState(saved.rules, groups, options));
      if (saved.isEmpty) this.#restoreFromSeries();
      for (const loop of this.#loops.values()) loop.start();
      this.#beat();
    });
  }

  reload(groups: readonly RuleGroup[], options: ReloadOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      const known = new Set(this.#loops.values());
      const hasNew = groups.some((group) => !this.#loops.has(groupKey(group)));
      // A group that was somebody else's may have left its state.
      const saved = hasNew && options.handsOver === true ? (await this.#load()).rules : [];
      await this.#change(groups, options, ownState(saved, groups, options));
      for (const loop of this.#loops.values()) if (!known.has(loop)) loop.start();
    });
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isStopped = true;
      this.#stopHeartbeat?.();
      this.#ending.stop();
      await Promise.all([...this.#loops.values()].map((loop) => loop.stop()));
      for (const runner of this.#runners()) if (runner.isDirty) await this.#save(runner);
      await this.#saveSeen();
    });
  }

  async idle(): Promise<void> {
    await this.#queue;
    await Promise.all([...this.#loops.values()].map((loop) => loop.idle()));
  }

  groups(): readonly GroupRunner[] {
    return [...this.#loops.values()]
      .map(({ runner }) => runner)
      .sort((a, b) => compareText(a.group.file, b.group.file) || compareText(a.group.name, b.group.name));
  }

  #runners(): RuleRunner[] {
    return [...this.#loops.values()].flatMap(({ runner }) => runner.rules);
  }

  /** One change at a time. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(run);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #change(
    groups: readonly RuleGroup[],
    options: ReloadOptions,
    saved: readonly LeftRule[],
  ): Promise<void> {
    refuseDuplicates(groups);
    const next = new Map<string, GroupLoop>();
    for (const group of groups) {
      const key = groupKey(group);
      const current = this.#loops.get(key);
      const isSame = current !== undefined && groupsEqual(current.runner.group, group);
      next.set(key, isSame ? current : new GroupLoop(new GroupRunner(group, this.#parts), this.#parts));
    }
    const kept = new Set(next.values());
    const gone = [...this.#loops.values()].filter((loop) => !kept.has(loop));
    const before = new Set(this.#loops.values());
    await Promise.all(gone.map((loop) => loop.stop()));
    this.#loops = next;
    const fresh = [...next.values()]
      .filter((loop) => !before.has(loop))
      .flatMap(({ runner }) => runner.rules);
    const left = gone.flatMap(({ runner }) => runner.rules.map(leftFromRunner));
    const { pairs, leftOver } = matchRules(fresh, [...left, ...saved]);
    for (const [runner, from] of pairs) await this.#adopt(runner, from);
    if (options.handsOver !== true) await retireRules(leftOver, this.#parts, (id) => this.#remove(id));
    if (options.handsOver !== true) this.#ending.end(leftOver);
  }

  async #adopt(runner: RuleRunner, from: LeftRule): Promise<void> {
    const { clock, settleMs } = this.#parts;
    const { intervalMs } = runner.group;
    if (from.seenAtMs !== undefined) {
      const unobservedMs = clock.now() - from.seenAtMs;
      continuePending(from.active, unobservedMs, HEARTBEAT_MS + 2 * intervalMs);
      // The first evaluation comes up to an interval from now.
      runner.holdUntilMs = clock.now() + intervalMs + settleMs;
    } else {
      runner.holdUntilMs = from.holdUntilMs;
    }
    runner.adopt(from);
    runner.needsSeriesRestore = from.needsSeriesRestore;
    runner.isSaved = from.isSaved && from.id === runner.id;
    if (from.isSaved && from.id !== runner.id) await this.#remove(from.id);
    runner.isDirty = runner.active.size > 0;
    if (runner.isDirty) await this.#save(runner);
  }

  #restoreFromSeries(): void {
    for (const runner of this.#runners())
      runner.needsSeriesRestore = runner.rule.kind === 'alerting' && runner.rule.forMs >= FOR_GRACE_PERIOD_MS;
  }

  async #load(): Promise<{ rules: LeftRule[]; isEmpty: boolean }> {
    const { clock, log } = this.#parts;
    const nowMs = clock.now();
    const rules: LeftRule[] = [];
    try {
      const saved = await this.#given.state.loadState();
      const seenAtMs = readSeen(saved.get(SEEN_KEY));
      for (const [key, json] of saved) {
        if (key === SEEN_KEY) continue;
        try {
          rules.push(leftFromSaved(readState(key, json, nowMs), seenAtMs));
        } catch (error) {
          this.counters.stateFailures++;
          log.error({ key, error: messageOf(error) }, 'the saved state of a rule cannot be read');
        }
      }
      return { rules, isEmpty: saved.size === 0 };
    } catch (error) {
      this.counters.stateFailures++;
      log.error(
        { error: messageOf(error) },
        'the state of the rules cannot be loaded; stored series have to do',
      );
      return { rules, isEmpty: true };
    }
  }

  /** Never rejects: alerts are told even if nothing can be saved. */
  async #save(runner: RuleRunner): Promise<void> {
    const json = stateOf(runner, this.#parts.clock.now());
    runner.isDirty = false;
    if (json === undefined && !runner.isSaved) return;
    if (await this.#store(runner.id, json)) runner.isSaved = json !== undefined;
    else runner.isDirty = true;
  }

  async #remove(id: string): Promise<void> {
    await this.#store(id, undefined);
  }

  async #store(key: string, json: string | undefined): Promise<boolean> {
    try {
      await this.#given.state.saveState(key, json);
      return true;
    } catch (error) {
      this.counters.stateFailures++;
      this.#parts.log.error({ key, error: messageOf(error) }, 'the state of a rule could not be saved');
      return false;
    }
  }

  #beat(): void {
    if (this.#isStopped) return;
    this.#stopHeartbeat = this.#parts.clock.after(HEARTBEAT_MS, () => {
      this.#saveSeen()
        .finally(() => this.#beat())
        .catch(() => undefined);
    });
  }

  async #saveSeen(): Promise<void> {
    if (!this.#runners().some(({ active }) => active.size > 0)) return;
    await this.#store(SEEN_KEY, JSON.stringify({ at_ms: this.#parts.clock.now() }));
  }
}

/** Where rules are shared out, state under other ids than those of the own rules is somebody else's. */
function ownState(
  saved: readonly LeftRule[],
  groups: readonly RuleGroup[],
  { handsOver }: ReloadOptions,
): readonly LeftRule[] {
  if (handsOver !== true) return saved;
  const ids = new Set(groups.flatMap(ruleIds));
  return saved.filter(({ id }) => ids.has(id));
}

function refuseDuplicates(groups: readonly RuleGroup[]): void {
  const seen = new Set<string>();
  for (const group of groups) {
    const key = groupKey(group);
    if (seen.has(key))
      throw new BellwetherError({
        code: 'duplicate_group',
        status: 400,
        message: `the group ${JSON.stringify(group.name)} appears twice in ${group.file}`,
      });
    seen.add(key);
  }
}

function evaluationParts(
  given: RuleManagerParts,
  counters: RuleCounters,
  save: EvaluationParts['save'],
): EvaluationParts {
  const { options = {}, languages = new Map<string, RuleEvaluator>() } = given;
  return {
    evaluators: new Map([...languages, ['promql', promqlEvaluator(given.query)]]),
    write: given.write,
    notify: given.notify,
    save,
    expandTemplate: given.expandTemplate,
    onChange: given.onChange ?? (() => undefined),
    clock: given.clock,
    externalLabels: Labels.fromObject(given.externalLabels),
    externalUrl: given.externalUrl,
    resendDelayMs: options.resendDelayMs ?? 60_000,
    settleMs: options.settleMs ?? 60_000,
    resolvedRetentionMs: options.resolvedRetentionMs ?? RESOLVED_RETENTION_MS,
    maxSeriesPerRule: options.maxSeriesPerRule ?? 100_000,
    isStoreAway: given.isStoreAway ?? isUnavailable,
    counters,
    log: given.log,
  };
}

function isUnavailable(error: unknown): boolean {
  return error instanceof BellwetherError && error.status === 503 && error.code !== 'timeout';
}
