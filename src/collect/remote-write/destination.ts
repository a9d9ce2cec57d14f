import { hash } from 'node:crypto';
import { join } from 'node:path';
import { messageOf } from '../../lib/errors.ts';
import { type OutboundClient, redact } from '../../lib/outbound.ts';
import type { RemoteWriteConfig } from './config.ts';
import { Delivery } from './delivery.ts';
import { DiskQueue, type QueueRecord } from './disk-queue.ts';
import { encodeMetadata, encodeV1, encodeV2 } from './encode-request.ts';
import { Intake } from './intake.ts';
import type { QueuedOther, QueuedSeries, RecordVisitor } from './queue-format.ts';
import { Shard, type ShardItem } from './shard.ts';
import type {
  DropReason,
  RemoteMetadata,
  RemoteWriteLimits,
  RemoteWriterOptions,
  RemoteWriteStatus,
} from './types.ts';

export interface DestinationOptions extends RemoteWriterOptions {
  readonly config: RemoteWriteConfig;
  readonly limits: RemoteWriteLimits;
}

/** How often the number of shards is thought over. */
const RESHARD_INTERVAL_MS = 10_000;
/** Shards that are busy for less of the time are too many. */
const IDLE_SHARE = 0.3;
const METADATA_ATTEMPTS = 3;
/** Failures that follow one another are logged as often. */
const LOG_INTERVAL_MS = 60_000;
const HASH_DIGITS = 16;

/** Folder of a destination's queue below that of all. */
export function queueFolder(name: string): string {
  return hash('sha256', name, 'hex').slice(0, HASH_DIGITS);
}

/** One receiver with its queue: reads the queue, spreads it over shards by series, and settles what was sent. */
export class Destination {
  readonly intake: Intake;
  readonly #options: DestinationOptions;
  readonly #queue: DiskQueue;
  readonly #client: OutboundClient;
  readonly #delivery: Delivery;
  readonly #abort = new AbortController();
  readonly #dropped: Record<DropReason, number>;
  readonly #counts = { sentItems: 0, sentBytes: 0, sentRequests: 0, retriedRequests: 0, metadataSent: 0 };
  #shards: Shard[] = [];
  #wantedShards: number;
  #newestSentMs = 0;
  #failingSinceMs: number | undefined;
  #lastError = '';
  readonly #loggedMs = new Map<string, number>();
  #metadata: ReadonlyMap<string, RemoteMetadata> = new Map();
  #cancelTimers: (() => void)[] = [];
  /** Something has happened since the reader looked. */
  #hasNews = false;
  #resume: () => void = () => {};
  readonly #requests = new Set<Promise<unknown>>();
  #reading: Promise<void> = Promise.resolve();
  #isStopping = false;
  #sentAtReshard = 0;

  static async open(options: DestinationOptions): Promise<Destination> {
    const { config, directory, clock, log, limits } = options;
    const dropped = noDrops();
    const holder: { destination?: Destination } = {};
    const queue = await DiskQueue.open({
      directory: join(directory, queueFolder(config.name)),
      maxBytes: limits.queueBytes,
      syncIntervalMs: limits.syncIntervalMs,
      clock,
      log,
      onDropped: (items, reason) => holder.destination?.drop(items, reason),
      onData: () => holder.destination?.wake(),
    });
    holder.destination = new Destination(options, queue, dropped);
    return holder.destination;
  }

  private constructor(options: DestinationOptions, queue: DiskQueue, dropped: Record<DropReason, number>) {
    const { config, externalLabels, labelsOf, clock, userAgent } = options;
    this.#options = options;
    this.#queue = queue;
    this.#dropped = dropped;
    this.#wantedShards = config.queue.minShards;
    this.intake = new Intake({
      queue,
      relabelRules: config.relabelRules,
      externalLabels,
      labelsOf,
      onDropped: (items, reason) => this.drop(items, reason),
    });
    this.#client = options.createClient(config);
    this.#delivery = new Delivery({
      config,
      client: this.#client,
      userAgent,
      clock,
      signal: this.#abort.signal,
      onFailure: (message, isFinal) => this.#failed(message, isFinal),
    });
    this.#makeShards();
    this.#reading = this.#read();
    this.#every(RESHARD_INTERVAL_MS, () => this.#thinkOverShards());
    if (config.metadata.isSent && options.metadata !== undefined) {
      this.#every(config.metadata.intervalMs, () => this.#sendMetadata());
    }
  }

  status(): RemoteWriteStatus {
    const { config, limits } = this.#options;
    return {
      name: config.name,
      url: redact(config.url),
      shards: this.#shards.length,
      maxShards: config.queue.maxShards,
      pendingItems: this.#queue.items,
      queueBytes: this.#queue.bytes,
      queueBytesLimit: limits.queueBytes,
      ...this.#counts,
      droppedItems: { ...this.#dropped },
      newestTakenMs: this.intake.newestMs,
      newestSentMs: this.#newestSentMs,
      failingSinceMs: this.#failingSinceMs,
      lastError: this.#lastError,
    };
  }

  /** Makes the reader look again. */
  wake(): void {
    this.#hasNews = true;
    this.#resume();
  }

  drop(items: number, reason: DropReason): void {
    if (items === 0) return;
    this.#dropped[reason] += items;
    // A series without labels tells no more about the destination than that the server has just started.
    if (reason !== 'too_old' && reason !== 'unknown_series')
      this.#warn({ items, reason }, 'samples were not sent');
  }

  async stop(flushMs: number): Promise<void> {
    this.#isStopping = true;
    for (const cancel of this.#cancelTimers) cancel();
    for (const shard of this.#shards) shard.flush();
    this.wake();
    const end = () => {
      this.#abort.abort();
      this.wake();
    };
    const cancel = this.#options.clock.after(flushMs, end);
    if (flushMs <= 0) end();
    await this.#reading;
    cancel();
    end();
    await Promise.allSettled(this.#requests);
    await this.#queue.close();
    await this.#client.close();
  }

  /** Until stopped and, unless the time for that is over, everything in the queue was sent. */
  async #read(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      if (this.#wantedShards !== this.#shards.length) await this.#reshard();
      if (this.#isCrowded()) {
        await this.#sleep();
        continue;
      }
      const record = await this.#queue.read((fresh) => this.#visitor(fresh));
      if (record !== undefined) continue;
      if (this.#isStopping) {
        for (const shard of this.#shards) shard.flush();
        if (this.#shards.every(({ items }) => items === 0) && !this.#queue.hasUnread) return;
      }
      await this.#sleep();
    }
  }

  /** A shard has as much as it may read ahead. */
  #isCrowded(): boolean {
    return this.#shards.some(({ items }) => items >= this.#options.config.queue.capacity);
  }

  /** Until there is more to read, a batch is done with, or the end. */
  async #sleep(): Promise<void> {
    if (!this.#hasNews && !this.#abort.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
    this.#hasNews = false;
  }

  #visitor(record: QueueRecord): RecordVisitor {
    const add = (series: QueuedSeries, item: Omit<ShardItem, 'series' | 'record'>) =>
      this.#shards[series.hash % this.#shards.length]!.add({ series, record, ...item });
    return {
      sample: (series, timeMs, low, high) => add(series, { timeMs, low, high, other: undefined }),
      other: (series, timeMs, other: QueuedOther) => add(series, { timeMs, low: 0, high: 0, other }),
    };
  }

  #makeShards(): void {
    const { config, clock } = this.#options;
    const { maxSamplesPerSend, batchSendDeadlineMs } = config.queue;
    const parts = {
      maxPerSend: maxSamplesPerSend,
      deadlineMs: batchSendDeadlineMs,
      clock,
      send: (batch: readonly ShardItem[]) => this.#tracked(this.#send(batch)),
      onDone: (batch: readonly ShardItem[]) => this.#done(batch),
    };
    this.#shards = Array.from({ length: this.#wantedShards }, () => new Shard(parts));
  }

  /** A series changes its shard only when nothing of it is on the way. */
  async #reshard(): Promise<void> {
    while (!this.#abort.signal.aborted && this.#shards.some(({ items }) => items > 0)) {
      for (const shard of this.#shards) shard.flush();
      await this.#sleep();
    }
    if (!this.#abort.signal.aborted) this.#makeShards();
  }

  /** Twice as many when all are busy and more waits, half when most of them have nothing to do. */
  #thinkOverShards(): void {
    const { queue } = this.#options.config;
    const busyMs = this.#shards.reduce((sum, shard) => sum + shard.takeBusyMs(), 0);
    const share = busyMs / (this.#shards.length * RESHARD_INTERVAL_MS);
    const hasSent = this.#counts.sentItems > this.#sentAtReshard;
    this.#sentAtReshard = this.#counts.sentItems;
    const isBehind = this.#queue.hasUnread && share > 0.9;
    // A receiver that does not answer gets no more requests at a time.
    if (isBehind && hasSent) this.#wantedShards = Math.min(queue.maxShards, this.#shards.length * 2);
    else if (share < IDLE_SHARE)
      this.#wantedShards = Math.max(queue.minShards, Math.ceil(this.#shards.length / 2));
    this.wake();
  }

  #tracked<T>(request: Promise<T>): Promise<T> {
    this.#requests.add(request);
    return request.finally(() => this.#requests.delete(request));
  }

  async #send(batch: readonly ShardItem[]): Promise<boolean> {
    const items = this.#withoutOld(batch);
    if (items.length === 0) return true;
    const isV2 = this.#options.config.message === 'io.prometheus.write.v2.Request';
    const body = isV2 ? encodeV2(items, this.#metadata) : encodeV1(items);
    const outcome = await this.#delivery.send(body, items.length);
    if (outcome === 'stopped') return false;
    if (outcome === 'refused') this.drop(items.length, 'refused');
    else this.#sent(items, body.length);
    return true;
  }

  #withoutOld(batch: readonly ShardItem[]): readonly ShardItem[] {
    const { sampleAgeLimitMs } = this.#options.config.queue;
    if (sampleAgeLimitMs === 0) return batch;
    const oldestMs = this.#options.clock.now() - sampleAgeLimitMs;
    const items = batch.filter(({ timeMs }) => timeMs >= oldestMs);
    this.drop(batch.length - items.length, 'too_old');
    return items;
  }

  #sent(items: readonly ShardItem[], bytes: number): void {
    this.#counts.sentRequests++;
    this.#counts.sentItems += items.length;
    this.#counts.sentBytes += bytes;
    for (const { timeMs } of items) if (timeMs > this.#newestSentMs) this.#newestSentMs = timeMs;
    this.#failingSinceMs = undefined;
  }

  #done(batch: readonly ShardItem[]): void {
    // Neighbours mostly come from the same record.
    for (let i = 0; i < batch.length; ) {
      const { record } = batch[i]!;
      let end = i;
      while (end < batch.length && batch[end]!.record === record) end++;
      this.#queue.settle(record, end - i);
      i = end;
    }
    this.wake();
  }

  #failed(message: string, isFinal: boolean): void {
    this.#lastError = message;
    this.#failingSinceMs ??= this.#options.clock.now();
    if (!isFinal) this.#counts.retriedRequests++;
    this.#warn(
      { reason: message },
      isFinal ? 'a request was refused for good' : 'sending fails; trying again',
    );
  }

  /** The same not more often than once a minute. */
  #warn(fields: Record<string, unknown>, message: string): void {
    const { log, clock, config } = this.#options;
    const now = clock.elapsed();
    if (now - (this.#loggedMs.get(message) ?? Number.NEGATIVE_INFINITY) < LOG_INTERVAL_MS) return;
    this.#loggedMs.set(message, now);
    log.warn({ destination: config.name, url: redact(config.url), ...fields }, `remote write: ${message}`);
  }

  /** With 1.0 metadata has requests of its own, with 2.0 it goes with the series. */
  async #sendMetadata(): Promise<void> {
    const { config, metadata } = this.#options;
    try {
      const list = (await metadata?.()) ?? [];
      if (config.message === 'io.prometheus.write.v2.Request') {
        this.#metadata = new Map(list.map((facts) => [facts.metric, facts]));
        return;
      }
      for (let at = 0; at < list.length && !this.#isStopping; at += config.metadata.maxPerSend) {
        const part = list.slice(at, at + config.metadata.maxPerSend);
        const outcome = await this.#delivery.send(encodeMetadata(part), 0, METADATA_ATTEMPTS);
        if (outcome !== 'sent') return;
        this.#counts.metadataSent += part.length;
      }
    } catch (error) {
      this.#warn({ reason: messageOf(error) }, 'metadata could not be read');
    }
  }

  #every(intervalMs: number, run: () => Promise<void> | void): void {
    const slot = this.#cancelTimers.length;
    const schedule = () => {
      if (this.#isStopping) return;
      this.#cancelTimers[slot] = this.#options.clock.after(intervalMs, () => {
        void Promise.resolve(run()).then(schedule);
      });
    };
    this.#cancelTimers.push(() => {});
    schedule();
  }
}

function noDrops(): Record<DropReason, number> {
  return { refused: 0, queue_full: 0, queue_slow: 0, too_old: 0, damaged: 0, unknown_series: 0 };
}
