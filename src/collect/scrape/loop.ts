import {
  createOutcome,
  type DecodeContext,
  type DecodeOutcome,
  type ExpositionFormat,
  parseExposition,
  SCRAPE_PROTOCOLS,
  type Sender,
  SeriesRows,
  type ServiceTally,
} from '../../ingest/index.ts';
import { BellwetherError, messageOf } from '../../lib/errors.ts';
import type { OutboundResponse } from '../../lib/outbound.ts';
import type { LoopParts, RunningJob, ScrapeProblem } from './loop-parts.ts';
import { PageSink } from './page-sink.ts';
import { ReportSeries, type ScrapeReport } from './report.ts';
import { SeriesCache, type SeriesState } from './series-cache.ts';
import { nextDueMs, type Target } from './target.ts';

export type Health = 'unknown' | 'up' | 'down';

/** What is known of a target from its scrapes. */
export interface TargetStatus {
  readonly health: Health;
  /** Empty after a good scrape. */
  readonly lastError: string;
  /** Epoch milliseconds; undefined before the first scrape. */
  readonly lastScrapeMs: number | undefined;
  readonly lastDurationS: number;
  /** Samples of the last page. */
  readonly lastSamples: number;
}

const NOTHING_YET: TargetStatus = {
  health: 'unknown',
  lastError: '',
  lastScrapeMs: undefined,
  lastDurationS: 0,
  lastSamples: 0,
};

/** The body of an answer, or why there is none. */
type Page =
  | { readonly response: OutboundResponse }
  | { readonly error: string; readonly problem: ScrapeProblem };

/** Numbers of a page that was read, or of the part of it that was. */
interface PageNumbers {
  readonly total: number;
  readonly kept: number;
  readonly added: number;
}

const NO_NUMBERS: PageNumbers = { total: 0, kept: 0, added: 0 };

/** Scrapes one target, once per interval, never twice at a time. */
export class ScrapeLoop {
  readonly target: Target;
  readonly cache = new SeriesCache();
  readonly #job: RunningJob;
  readonly #parts: LoopParts;
  readonly #report: ReportSeries;
  readonly #sender: Sender;
  readonly #limits: { readonly bodyBytes: number; readonly fallback: ExpositionFormat | undefined };
  readonly #abort = new AbortController();
  #cancel: () => void = () => {};
  #status = NOTHING_YET;
  #discoveredLabels: Target['discoveredLabels'];
  #hasWritten = false;
  #lastDueMs = Number.NEGATIVE_INFINITY;
  /** Set when the job has more targets than it may: reported instead of scraping. */
  forcedError: string | undefined;
  startedMs = Number.POSITIVE_INFINITY;

  constructor(target: Target, job: RunningJob, parts: LoopParts) {
    const { config } = job;
    this.target = target;
    this.#job = job;
    this.#parts = parts;
    this.#discoveredLabels = target.discoveredLabels;
    this.#report = new ReportSeries(target.labels, config.extraScrapeMetrics);
    this.#sender = {
      address: new URL(target.url).hostname,
      keyName: '',
      userAgent: '',
      protocol: 'prometheus/scrape',
    };
    this.#limits = {
      bodyBytes: config.limits.bodyBytes || parts.maxBodyBytes,
      fallback: config.fallbackProtocol === undefined ? undefined : SCRAPE_PROTOCOLS[config.fallbackProtocol],
    };
  }

  get status(): TargetStatus {
    return this.#status;
  }

  get discoveredLabels(): Target['discoveredLabels'] {
    return this.#discoveredLabels;
  }

  /** The same target was found with other labels before relabelling. */
  rediscovered(target: Target): void {
    this.#discoveredLabels = target.discoveredLabels;
  }

  /** @param before a loop of the same target that ended: its series go on. */
  start(before?: ScrapeLoop): void {
    this.startedMs = this.#parts.clock.now();
    if (before !== undefined) {
      this.cache.adopt(before.cache);
      this.#status = before.#status;
      this.#hasWritten = before.#hasWritten;
    }
    this.#schedule();
  }

  /** No further scrape; one that is under way is given up. Nothing is stored. */
  stop(): void {
    this.#cancel();
    this.#abort.abort();
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  #schedule(): void {
    const nowMs = this.#parts.clock.now();
    let dueMs = nextDueMs(this.target, this.#parts.seed, nowMs);
    // A timer may fire a little early; a clock that was set back may have the same moment again, which then is far ahead.
    if (dueMs === this.#lastDueMs) dueMs += this.target.intervalMs;
    this.#lastDueMs = dueMs;
    this.#cancel = this.#parts.clock.after(dueMs - nowMs, () => {
      this.#scrapeAndGoOn(dueMs).catch((error: unknown) => {
        this.#parts.log.error({ target: this.target.url, error: messageOf(error) }, 'a scrape loop failed');
      });
    });
  }

  async #scrapeAndGoOn(dueMs: number): Promise<void> {
    const { clock, meter } = this.#parts;
    try {
      await this.#scrape(dueMs);
    } finally {
      const missed = Math.floor((clock.now() - dueMs) / this.target.intervalMs);
      for (let i = 0; i < Math.min(missed, 1000); i++) meter?.skipped(this.#job.config.jobName);
      if (!this.#isStopped) this.#schedule();
    }
  }

  /** Never rejects. */
  async #scrape(dueMs: number): Promise<void> {
    const { clock } = this.#parts;
    const nowMs = clock.now();
    const toleranceMs = Math.min(this.#parts.timestampToleranceMs, this.target.intervalMs / 100);
    const isOnTime = Math.abs(nowMs - dueMs) <= toleranceMs;
    const timeMs = isOnTime ? dueMs : Math.round(nowMs);
    const startedAt = clock.elapsed();
    const page = await this.#fetch();
    if (this.#isStopped) return;
    await this.#store(page, timeMs, startedAt);
  }

  async #fetch(): Promise<Page> {
    if (this.forcedError !== undefined) return { error: this.forcedError, problem: 'target_limit' };
    const { config, client, accept } = this.#job;
    try {
      const response = await client.request({
        url: this.target.url,
        headers: {
          accept,
          'accept-encoding': config.enableCompression ? 'gzip' : 'identity',
          'user-agent': this.#parts.userAgent,
          'x-prometheus-scrape-timeout-seconds': String(this.target.timeoutMs / 1000),
        },
        timeoutMs: this.target.timeoutMs,
        maxBodyBytes: this.#limits.bodyBytes,
        signal: this.#abort.signal,
      });
      if (response.status === 200) return { response };
      const error = `server returned HTTP status ${response.status} ${response.statusText}`.trim();
      return { error, problem: 'status' };
    } catch (error) {
      const code = error instanceof BellwetherError ? error.code : '';
      if (code === 'outbound_body_too_large')
        return { error: 'body size limit exceeded', problem: 'body_size' };
      return { error: messageOf(error), problem: code === 'outbound_timeout' ? 'timeout' : 'connection' };
    }
  }

  /** Writes the page; one that turns out to be bad is as good as none. Never rejects. */
  async #store(page: Page, timeMs: number, startedAt: number): Promise<void> {
    const { clock, meter } = this.#parts;
    const durationS = () => (clock.elapsed() - startedAt) / 1000;
    let failure = 'error' in page ? page : undefined;
    let numbers = NO_NUMBERS;
    let storageError = '';
    if ('response' in page) {
      const { body } = page.response;
      const attempt = await this.#writePage(page.response, timeMs, durationS);
      numbers = attempt.numbers;
      storageError = attempt.storageError;
      if (attempt.pageError !== undefined) failure = { error: attempt.pageError, problem: 'page' };
      if (failure !== undefined)
        storageError = await this.#writeFailure(timeMs, durationS, { numbers, bodyBytes: body.byteLength });
    } else {
      storageError = await this.#writeFailure(timeMs, durationS, {
        numbers,
        bodyBytes: failure?.problem === 'body_size' ? -1 : 0,
      });
    }
    const lastDurationS = durationS();
    this.#note(failure?.error ?? '', storageError);
    this.#status = {
      health: failure === undefined ? 'up' : 'down',
      lastError: failure?.error ?? storageError,
      lastScrapeMs: timeMs,
      lastDurationS,
      lastSamples: numbers.total,
    };
    const problem = failure?.problem ?? (storageError === '' ? '' : 'storage');
    meter?.scraped(this.#job.config.jobName, lastDurationS, numbers.total, problem);
  }

  async #writePage(
    response: OutboundResponse,
    timeMs: number,
    durationS: () => number,
  ): Promise<{ numbers: PageNumbers; storageError: string; pageError: string | undefined }> {
    let numbers = NO_NUMBERS;
    let pageError: string | undefined;
    const decode = (context: DecodeContext): DecodeOutcome => {
      const writing = this.#begin(context);
      const sink = new PageSink({
        ...writing,
        cache: this.cache,
        context,
        job: this.#job.config,
        targetLabels: this.target.labels,
        timeMs,
      });
      try {
        this.#parse(response, sink);
        sink.checkSampleLimit();
        this.#endPage(writing, timeMs);
      } catch (error) {
        pageError = messageOf(error);
        throw error;
      } finally {
        numbers = { total: sink.total, kept: sink.kept, added: sink.added };
      }
      this.#appendReport(
        writing,
        timeMs,
        { isUp: true, durationS: durationS(), ...numbers },
        response.body.byteLength,
      );
      return writing.outcome;
    };
    const storageError = await this.#write(decode, response.receivedBytes);
    return { numbers, pageError, storageError: pageError === undefined ? storageError : '' };
  }

  #parse(response: OutboundResponse, sink: PageSink): void {
    const { config } = this.#job;
    // A page without a byte has no series; what type it claims to be does not matter.
    if (response.body.byteLength === 0) return;
    const { scrapeNativeHistograms, alwaysScrapeClassicHistograms } = config;
    const nativeHistograms = !scrapeNativeHistograms
      ? 'classic'
      : alwaysScrapeClassicHistograms
        ? 'both'
        : 'native';
    parseExposition(response.body, response.headers['content-type'], sink, {
      fallback: this.#limits.fallback,
      createdLines: 'series',
      nativeHistograms,
    });
  }

  /** What the page says of its families, and the end of the series it no longer has. */
  #endPage({ rows, outcome, tally }: Writing, timeMs: number): void {
    for (const { facts, key } of this.cache.familiesSeen()) rows.metadata(facts, key, timeMs);
    const ended = appendStale(rows, this.cache.disappeared(), timeMs);
    this.cache.finish();
    outcome.accepted += ended;
    tally.accepted += ended;
  }

  /** The end of all series, and a report that says so. Returns why it could not be stored, or the empty text. */
  async #writeFailure(
    timeMs: number,
    durationS: () => number,
    { numbers, bodyBytes }: { numbers: PageNumbers; bodyBytes: number },
  ): Promise<string> {
    return this.#write((context) => {
      const writing = this.#begin(context);
      const ended = appendStale(writing.rows, this.cache.disappeared(), timeMs);
      this.cache.finishEmpty();
      writing.outcome.accepted += ended;
      writing.tally.accepted += ended;
      this.#appendReport(writing, timeMs, { isUp: false, durationS: durationS(), ...numbers }, bodyBytes);
      return writing.outcome;
    }, 0);
  }

  #begin(context: DecodeContext): Writing {
    this.cache.begin();
    const { jobName } = this.#job.config;
    const outcome = createOutcome();
    const tally: ServiceTally = {
      service: this.target.labels.get('job') || jobName,
      instance: this.target.labels.get('instance'),
      version: '',
      accepted: 0,
      rejected: 0,
    };
    outcome.services.set('', tally);
    return { outcome, tally, rows: new SeriesRows({ ...context, seriesSource: jobName }) };
  }

  #appendReport(
    { rows, outcome, tally }: Writing,
    timeMs: number,
    report: Omit<ScrapeReport, 'extra'>,
    bodyBytes: number,
  ): void {
    const { extraScrapeMetrics, limits } = this.#job.config;
    const extra = extraScrapeMetrics
      ? { timeoutS: this.target.timeoutMs / 1000, sampleLimit: limits.samples, bodyBytes }
      : undefined;
    this.#report.append(rows, timeMs, { ...report, extra });
    outcome.accepted += this.#report.count;
    tally.accepted += this.#report.count;
    this.#hasWritten = true;
  }

  /** Returns why it could not be stored, or the empty text. A page that cannot be read is no storage error, but comes back as one. */
  async #write(decode: (context: DecodeContext) => DecodeOutcome, bodyBytes: number): Promise<string> {
    try {
      await this.#parts.write({ signal: 'metrics', sender: this.#sender, bodyBytes, decode });
      return '';
    } catch (error) {
      return messageOf(error);
    }
  }

  /** Logs what is new: a target that is down for hours is one line. */
  #note(scrapeError: string, storageError: string): void {
    const error = scrapeError || storageError;
    if (error === this.#status.lastError) return;
    const fields = { job: this.#job.config.jobName, target: this.target.url, error };
    if (error === '') this.#parts.log.info(fields, 'the target is scraped again');
    else if (scrapeError !== '') this.#parts.log.warn(fields, 'scrape failed');
    else this.#parts.log.warn(fields, 'a scrape could not be stored');
  }

  /**
   * Stores the end of all series of a target that is gone, but for those another loop goes on with. Never rejects.
   *
   * @param timeMs when the target went away.
   */
  async writeEnd(timeMs: number): Promise<void> {
    if (!this.#hasWritten) return;
    const { log, loopsSince } = this.#parts;
    const successors = loopsSince(timeMs);
    const isContinued = (id: bigint) => successors.some((loop) => loop.continues(id));
    const error = await this.#write((context) => {
      const writing = this.#begin(context);
      const states = this.cache.tracked.filter(({ ref }) => !isContinued(ref!.id));
      let ended = appendStale(writing.rows, states, timeMs);
      if (!this.#report.ids.some((id) => isContinued(id))) {
        this.#report.stale(writing.rows, timeMs);
        ended += this.#report.count;
      }
      writing.outcome.accepted += ended;
      writing.tally.accepted += ended;
      return writing.outcome;
    }, 0);
    if (error !== '') log.warn({ target: this.target.url, error }, 'the end of a target could not be stored');
  }

  /** Whether it goes on with a series. */
  continues(seriesId: bigint): boolean {
    return this.cache.has(seriesId) || this.#report.ids.includes(seriesId);
  }
}

interface Writing {
  readonly outcome: DecodeOutcome;
  readonly tally: ServiceTally;
  readonly rows: SeriesRows;
}

/** Returns how many. */
function appendStale(rows: SeriesRows, states: Iterable<SeriesState>, timeMs: number): number {
  let appended = 0;
  for (const { ref, isHistogram } of states) {
    const isTaken = isHistogram ? rows.staleHistogram(ref!, timeMs) : rows.stale(ref!, timeMs);
    if (isTaken) appended++;
  }
  return appended;
}
