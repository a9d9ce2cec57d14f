import type { TelemetryObserver, TelemetrySignal } from '../../../model/telemetry.ts';
import { accept, reject, tallyOf } from '../../outcome.ts';
import { refusalOfTime, timeRefusalMessage } from '../../time.ts';
import type { DecodeContext, DecodeOutcome, ServiceTally } from '../../types.ts';
import type { Stream } from './streams.ts';

/** The records of one scope in one request: whom to count them for, who watches, and which limits hold. */
export class ScopeRun {
  readonly context: DecodeContext;
  readonly outcome: DecodeOutcome;
  readonly stream: Stream;
  /** The observer when it wants this scope's records. */
  readonly observer: TelemetryObserver | undefined;
  #tally: ServiceTally | undefined;

  constructor(context: DecodeContext, outcome: DecodeOutcome, stream: Stream, signal: TelemetrySignal) {
    this.context = context;
    this.outcome = outcome;
    this.stream = stream;
    const { observer } = context;
    this.observer = !stream.isTooDeep && observer?.wants(signal, stream.origin) ? observer : undefined;
  }

  /** Name of the service, for which series are counted. */
  get service(): string {
    return this.stream.origin.serviceName || 'unknown_service';
  }

  /** Made at the first record, so that an empty scope does not show up as a sender. */
  #tallyNow(): ServiceTally {
    if (this.#tally === undefined) {
      this.#tally = tallyOf(this.outcome, this.stream.origin.resource);
      this.outcome.valuesCut += this.stream.cutCount;
      this.outcome.attributesDropped += this.stream.droppedCount;
    }
    return this.#tally;
  }

  /** Counts an accepted record. */
  accept(valuesCut: number, attributesDropped: number): void {
    accept(this.outcome, this.#tallyNow());
    this.outcome.valuesCut += valuesCut;
    this.outcome.attributesDropped += attributesDropped;
  }

  /** Counts refused records; pass a function where the message costs something to make. */
  reject(code: string, message: string | (() => string)): void {
    reject(this.outcome, this.#tallyNow(), code, message);
  }

  /** Refuses the next record, before it is decoded, when the request is full or the resource is bad. */
  refusesNext(): boolean {
    const { limits } = this.context;
    if (this.outcome.accepted + this.outcome.rejected >= limits.recordsPerRequest) {
      this.reject('too_many_records', `more than ${limits.recordsPerRequest} records in one request`);
      return true;
    }
    return this.refusesDepth(this.stream.isTooDeep);
  }

  /** Refuses a record with a value nested too deep. */
  refusesDepth(isTooDeep: boolean): boolean {
    const { valueDepth } = this.context.limits;
    if (isTooDeep)
      this.reject('too_deep', `an attribute value is nested deeper than the limit of ${valueDepth}`);
    return isTooDeep;
  }

  /** Refuses a record outside the accepted span of time. */
  refusesTime(tsMs: number): boolean {
    const { nowMs, limits } = this.context;
    const refusal = refusalOfTime(tsMs, nowMs, limits);
    if (refusal === undefined) return false;
    this.reject(refusal, () => timeRefusalMessage(refusal, tsMs, nowMs, limits));
    return true;
  }
}

/** Halves of a time in nanoseconds. */
export interface TimeHalves {
  low: number;
  high: number;
}

export function nsHalves(ms: number): TimeHalves {
  const ns = BigInt(Math.floor(ms)) * 1_000_000n;
  return { low: Number(BigInt.asUintN(32, ns)), high: Number(ns >> 32n) };
}

/** Epoch milliseconds of a time in nanoseconds, with a fraction; exact to a quarter of a microsecond. */
export function msOfHalves(low: number, high: number): number {
  return (high * 0x1_0000_0000 + low) / 1_000_000;
}

/** `a + b` kept within 32 bits. */
export function addCapped(a: number, b: number): number {
  return Math.min(a + b, 0xffff_ffff);
}
