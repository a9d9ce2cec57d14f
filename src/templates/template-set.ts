import { BellwetherError, messageOf } from '../lib/errors.ts';
import { BUILTINS } from './builtins.ts';
import { CallError, explanation, LimitError, type Source, TemplateError } from './errors.ts';
import { escapeHtml } from './escape.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { type QuerySample, samplesOf } from './functions/samples.ts';
import { HtmlWriter } from './html-writer.ts';
import { isEmpty, type ParseOptions, parse, type TemplateTree } from './parser.ts';
import { Budget, DEFAULT_LIMITS, QueryNeeded, type Run, type TemplateLimits } from './run.ts';
import type { FunctionSet, List, Value } from './values.ts';
import { TextWriter } from './writer.ts';

/** Texts given to {@link TemplateSet.execute} that stay parsed: those of rules and receivers come again and again. */
const MAX_CACHED_TEXTS = 2000;
const NO_VARIABLES: ReadonlyMap<string, Value> = new Map();

/** A file or a text from configuration. */
export interface TemplateSource {
  readonly name: string;
  readonly text: string;
}

export interface CompileOptions {
  /** Besides Go's built-ins: `PROMETHEUS_FUNCTIONS`, `ALERTMANAGER_FUNCTIONS`, or others. */
  readonly functions: FunctionSet;
  readonly limits?: Partial<TemplateLimits>;
  /** Monotonic milliseconds, for the bound on time. */
  readonly clockMs?: () => number;
  /** Calls back after some milliseconds unless the function it gives is called first; for queries that hang. */
  readonly startTimer?: (delayMs: number, onTime: () => void) => () => void;
}

/** Runs a query at the time of the evaluation. Should end when `signal` says so; is not waited for any longer then. */
export type TemplateQuery = (text: string, signal: AbortSignal) => Promise<readonly QuerySample[]>;

export interface ExecuteOptions {
  /** Time of the evaluation, epoch milliseconds. */
  readonly nowMs: number;
  /** Where the product is reached from outside, without a slash at the end. */
  readonly externalUrl?: string;
  /** Variables a text begins with, without the dollar sign. Named templates do not see them. */
  readonly variables?: ReadonlyMap<string, Value>;
  readonly query?: TemplateQuery;
  /** HTML mode, see `HtmlWriter`. */
  readonly isHtml?: boolean;
  /** Name of a text in messages. */
  readonly name?: string;
}

/** A text made, or an explanation in its place. */
export interface Rendered {
  readonly text: string;
  /** Set when `text` is the explanation; for whoever counts failures. */
  readonly error: TemplateError | undefined;
}

/** Templates that know each other by name. */
export interface TemplateSet {
  /** Sorted. */
  readonly names: readonly string[];
  /** The mistake in a text, undefined when it can be read. */
  check(text: string, options?: { name?: string; variables?: readonly string[] }): TemplateError | undefined;
  /** Carries out a text. @throws TemplateError */
  execute(text: string, data: Value, options: ExecuteOptions): Promise<string>;
  /** Carries out a template by its name. @throws TemplateError */
  executeNamed(name: string, data: Value, options: ExecuteOptions): Promise<string>;
  /** Carries out a text; whatever goes wrong becomes visible text. Never throws. */
  renderOrExplain(text: string, data: Value, options: ExecuteOptions): Promise<Rendered>;
}

/**
 * Reads templates. A later definition of a name replaces an earlier one.
 *
 * @throws TemplateError `bad_template` with line and column, for the first mistake; {@link templateMistakes} finds all.
 */
export function compileTemplates(sources: readonly TemplateSource[], options: CompileOptions): TemplateSet {
  return new Templates(sources, options);
}

/** The first mistake of every source that has one. */
export function templateMistakes(
  sources: readonly TemplateSource[],
  options: CompileOptions,
): TemplateError[] {
  const empty = new Templates([], options);
  return sources
    .map(({ name, text }) => empty.check(text, { name }))
    .filter((mistake) => mistake !== undefined);
}

class Templates implements TemplateSet {
  readonly #functions: FunctionSet;
  readonly #limits: TemplateLimits;
  readonly #clockMs: () => number;
  readonly #startTimer: NonNullable<CompileOptions['startTimer']>;
  readonly #trees = new Map<string, TemplateTree>();
  readonly #texts = new Map<string, readonly TemplateTree[]>();

  constructor(sources: readonly TemplateSource[], options: CompileOptions) {
    this.#functions = new Map([...BUILTINS, ...options.functions]);
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#clockMs = options.clockMs ?? (() => performance.now());
    this.#startTimer = options.startTimer ?? startTimer;
    for (const source of sources) addAll(this.#trees, this.#parse(source, []));
  }

  get names(): readonly string[] {
    return [...this.#trees.keys()].sort();
  }

  check(
    text: string,
    options: { name?: string; variables?: readonly string[] } = {},
  ): TemplateError | undefined {
    try {
      this.#parse({ name: options.name ?? 'text', text }, options.variables ?? []);
      return undefined;
    } catch (error) {
      if (error instanceof TemplateError) return error;
      throw error;
    }
  }

  async execute(text: string, data: Value, options: ExecuteOptions): Promise<string> {
    // Most texts of a configuration have no action at all.
    if (!text.includes('{{') && text.length <= this.#limits.maxOutputLength) return text;
    const [main, ...defined] = this.#parseCached(text, options);
    const templates = defined.length === 0 ? this.#trees : addAll(new Map(this.#trees), defined);
    return this.#run(main!, templates, data, options);
  }

  async executeNamed(name: string, data: Value, options: ExecuteOptions): Promise<string> {
    const tree = this.#trees.get(name);
    if (tree === undefined) {
      const message = `template ${JSON.stringify(name)} not defined`;
      throw new TemplateError({ code: 'template_failed', message });
    }
    return this.#run(tree, this.#trees, data, { ...options, variables: NO_VARIABLES });
  }

  async renderOrExplain(text: string, data: Value, options: ExecuteOptions): Promise<Rendered> {
    try {
      return { text: await this.execute(text, data, options), error: undefined };
    } catch (thrown) {
      const error = asTemplateError(thrown);
      const explained = explanation(error);
      return { text: options.isHtml ? escapeHtml(explained) : explained, error };
    }
  }

  #parse(source: Source, variables: readonly string[]): TemplateTree[] {
    const { maxDepth, maxSourceLength } = this.#limits;
    const functions = { has: (name: string) => this.#functions.has(name) } as ParseOptions['functions'];
    return parse(source, { functions, variables, maxDepth, maxSourceLength });
  }

  #parseCached(text: string, options: ExecuteOptions): readonly TemplateTree[] {
    const name = options.name ?? 'text';
    const variables = [...(options.variables ?? NO_VARIABLES).keys()];
    const key = JSON.stringify([name, variables, text]);
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const trees = this.#parse({ name, text }, variables);
    if (this.#texts.size >= MAX_CACHED_TEXTS) this.#texts.delete(this.#texts.keys().next().value!);
    this.#texts.set(key, trees);
    return trees;
  }

  /** Once, and again after every query: an execution has no effects, so that repeating it is harmless and everything else stays synchronous. */
  async #run(
    tree: TemplateTree,
    templates: ReadonlyMap<string, TemplateTree>,
    data: Value,
    options: ExecuteOptions,
  ): Promise<string> {
    const budget = new Budget(this.#limits, this.#clockMs);
    const answers = new Map<string, List | Error>();
    for (;;) {
      try {
        return this.#once({ tree, templates, data, options, budget, answers });
      } catch (error) {
        if (!(error instanceof QueryNeeded)) throw error;
        budget.pause();
        answers.set(error.query, await this.#ask(error.query, budget, options.query!));
        budget.resume();
      }
    }
  }

  #once(at: {
    tree: TemplateTree;
    templates: ReadonlyMap<string, TemplateTree>;
    data: Value;
    options: ExecuteOptions;
    budget: Budget;
    answers: ReadonlyMap<string, List | Error>;
  }): string {
    const { templates, options, budget } = at;
    const isHtml = options.isHtml ?? false;
    const depth = { value: 0 };
    const begin = (tree: TemplateTree, data: Value, variables: ReadonlyMap<string, Value>): string => {
      const writer = isHtml ? new HtmlWriter(budget) : new TextWriter(budget);
      const evaluation: Evaluation = { run, functions: this.#functions, templates, writer, depth };
      evaluate(evaluation, tree, data, variables);
      return writer.text;
    };
    const run: Run = {
      budget,
      nowMs: options.nowMs,
      externalUrl: options.externalUrl ?? '',
      isHtml,
      query: (text) => answerOf(text, at.answers, options.query !== undefined, budget.limits.maxQueries),
      executeTemplate: (name, data) => {
        const tree = templates.get(name);
        if (tree === undefined) throw new CallError(`template ${JSON.stringify(name)} not defined`);
        if (++depth.value > budget.limits.maxDepth)
          throw new LimitError(`more than ${budget.limits.maxDepth} templates and actions inside each other`);
        const text = begin(tree, data, NO_VARIABLES);
        depth.value--;
        return text;
      },
    };
    return begin(at.tree, at.data, options.variables ?? NO_VARIABLES);
  }

  /** The answer, or why there is none; never longer than the execution may still take. */
  async #ask(text: string, budget: Budget, query: TemplateQuery): Promise<List | Error> {
    const abort = new AbortController();
    let stopTimer = () => {};
    const timeout = new Promise<Error>((resolve) => {
      stopTimer = this.#startTimer(Math.max(budget.remainingMs, 0), () => {
        abort.abort();
        resolve(new LimitError(`it takes longer than ${budget.limits.timeoutMs} ms`));
      });
    });
    const answer = async () => samplesOf(await query(text, abort.signal));
    try {
      return await Promise.race([answer(), timeout]);
    } catch (error) {
      return new CallError(messageOf(error), { cause: error });
    } finally {
      stopTimer();
    }
  }
}

function answerOf(
  text: string,
  answers: ReadonlyMap<string, List | Error>,
  canQuery: boolean,
  maxQueries: number,
): List {
  if (!canQuery) throw new CallError('there is nothing to query here');
  const answer = answers.get(text);
  if (answer instanceof Error) throw answer;
  if (answer !== undefined) return answer;
  if (answers.size >= maxQueries) throw new LimitError(`more than ${maxQueries} queries`);
  throw new QueryNeeded(text);
}

/** A definition of nothing but blanks does not replace another, as in Go. */
function addAll(trees: Map<string, TemplateTree>, more: readonly TemplateTree[]): Map<string, TemplateTree> {
  for (const tree of more) if (!trees.has(tree.name) || !isEmpty(tree.nodes)) trees.set(tree.name, tree);
  return trees;
}

function asTemplateError(thrown: unknown): TemplateError {
  if (thrown instanceof TemplateError) return thrown;
  const message = thrown instanceof BellwetherError ? thrown.message : `unexpected: ${messageOf(thrown)}`;
  return new TemplateError({ code: 'template_failed', message, cause: thrown });
}

function startTimer(delayMs: number, onTime: () => void): () => void {
  const timer = setTimeout(onTime, delayMs);
  return () => clearTimeout(timer);
}
