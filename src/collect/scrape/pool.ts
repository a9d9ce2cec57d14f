import { messageOf } from '../../lib/errors.ts';
import type { OutboundOptions } from '../../lib/outbound.ts';
import type { Labels } from '../../model/labels.ts';
import type { ScrapeConfig } from '../config/index.ts';
import { createDiscovery, type Discovery, type DiscoveryParts } from '../discovery/index.ts';
import type { TargetGroup } from '../target-group.ts';
import { ScrapeLoop } from './loop.ts';
import type { LoopParts, RunningJob } from './loop-parts.ts';
import { acceptHeader } from './negotiation.ts';
import { buildTargets } from './target.ts';

/** Targets dropped by relabelling that are remembered where `keep_dropped_targets` says nothing. */
const MAX_DROPPED = 10_000;

export type PoolParts = LoopParts &
  Pick<DiscoveryParts, 'resolver' | 'watchFolder'> & {
    readonly createClient: (options: Omit<OutboundOptions, 'policy'>) => RunningJob['client'];
    /** Told about a loop that stopped because its target is gone. */
    readonly onGone: (loop: ScrapeLoop) => void;
  };

/** All targets of one job. */
export class ScrapePool {
  readonly config: ScrapeConfig;
  readonly #parts: PoolParts;
  readonly #job: RunningJob;
  readonly #discoveries: readonly Discovery[];
  readonly #found = new Map<Discovery, readonly TargetGroup[]>();
  #loops = new Map<string, ScrapeLoop>();
  /** Loops of the job before it was configured anew, until it is known which targets go on. */
  #inherited: Map<string, ScrapeLoop>;
  #dropped: readonly Labels[] = [];
  #droppedCount = 0;
  #failures: readonly string[] = [];

  /** @param before the pool that had this job's name, already stopped. */
  constructor(config: ScrapeConfig, parts: PoolParts, before?: ScrapePool) {
    this.config = config;
    this.#parts = parts;
    this.#inherited = new Map(before === undefined ? [] : [...before.#inherited, ...before.#loops]);
    this.#job = { config, client: parts.createClient(config.http), accept: acceptHeader(config) };
    const discoveryParts: DiscoveryParts = { ...parts, jobName: config.jobName };
    this.#discoveries = config.discoveries.map((discovery) => createDiscovery(discovery, discoveryParts));
  }

  get loops(): Iterable<ScrapeLoop> {
    return this.#loops.values();
  }

  /** Labels, before relabelling, of targets that it dropped; some of them when there are many. */
  get dropped(): readonly Labels[] {
    return this.#dropped;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** What is wrong with discoveries and the targets they found. */
  get problems(): readonly string[] {
    const discovery = this.#discoveries
      .map(({ lastError }) => lastError)
      .filter((error) => error !== undefined);
    return [...discovery, ...this.#failures];
  }

  start(): void {
    for (const discovery of this.#discoveries)
      discovery.start((groups) => {
        this.#found.set(discovery, groups);
        this.#sync();
      });
    // A job without any discovery lets go of what it inherited.
    if (this.#discoveries.length === 0) this.#sync();
  }

  /** Ends all scraping of the job; the loops stay for a pool that goes on with them. Resolves when all connections are closed. */
  async stop(): Promise<void> {
    for (const discovery of this.#discoveries) discovery.stop();
    for (const loop of this.#loops.values()) loop.stop();
    try {
      await this.#job.client.close();
    } catch (error) {
      const fields = { job: this.config.jobName, error: messageOf(error) };
      this.#parts.log.debug(fields, 'connections did not close');
    }
  }

  /** The job is gone, and its targets with it. Call `stop` first. */
  abandon(): void {
    for (const loop of [...this.#inherited.values(), ...this.#loops.values()]) this.#parts.onGone(loop);
    this.#loops.clear();
    this.#inherited.clear();
  }

  #sync(): void {
    const { config } = this;
    const { active, dropped, failures } = buildTargets([...this.#found.values()].flat(), config);
    this.#noteFailures(failures);
    this.#droppedCount = dropped.length;
    this.#dropped = dropped.slice(0, config.limits.keepDroppedTargets || MAX_DROPPED);
    const before = this.#loops;
    const loops = new Map<string, ScrapeLoop>();
    const fresh: ScrapeLoop[] = [];
    for (const target of active) {
      const known = before.get(target.key);
      known?.rediscovered(target);
      const loop = known ?? new ScrapeLoop(target, this.#job, this.#parts);
      if (known === undefined) fresh.push(loop);
      loops.set(target.key, loop);
    }
    this.#loops = loops;
    this.#applyTargetLimit();
    for (const loop of fresh) {
      loop.start(this.#inherited.get(loop.target.key));
      this.#inherited.delete(loop.target.key);
    }
    for (const [key, loop] of before) {
      if (loops.has(key)) continue;
      loop.stop();
      this.#parts.onGone(loop);
    }
    // Other discoveries may yet bring what the first one did not.
    if (this.#found.size < this.#discoveries.length) return;
    for (const loop of this.#inherited.values()) this.#parts.onGone(loop);
    this.#inherited.clear();
  }

  #applyTargetLimit(): void {
    const { targets: limit } = this.config.limits;
    const count = this.#loops.size;
    const error =
      limit > 0 && count > limit
        ? `target_limit exceeded (number of targets: ${count}, limit: ${limit})`
        : undefined;
    for (const loop of this.#loops.values()) loop.forcedError = error;
  }

  #noteFailures(failures: readonly string[]): void {
    const text = failures.join('\n');
    if (text !== this.#failures.join('\n') && failures.length > 0)
      this.#parts.log.warn(
        { job: this.config.jobName, targets: failures.length, error: failures[0] },
        'some targets cannot be scraped',
      );
    this.#failures = failures.slice(0, 100);
  }
}
