import { BellwetherError } from '../lib/errors.ts';
import { type Argument, fitArguments } from './arguments.ts';
import { CallError, executionError, LimitError, type Source, TemplateError } from './errors.ts';
import { fieldOf } from './fields.ts';
import { printed } from './format/print.ts';
import type { TemplateTree } from './parser.ts';
import { QueryNeeded, type Run } from './run.ts';
import { Scopes } from './scopes.ts';
import type { BranchNode, Command, Node, Operand, Pipe, RangeNode, Span } from './syntax.ts';
import { Dict, type FunctionSet, isTrue, List, SafeText, typeName, type Value } from './values.ts';
import type { Writer } from './writer.ts';

/** Why a list of nodes was left before its end. */
type Leave = 'break' | 'continue' | undefined;

export interface Evaluation {
  readonly run: Run;
  readonly functions: FunctionSet;
  readonly templates: ReadonlyMap<string, TemplateTree>;
  readonly writer: Writer;
  /** How deep the execution is in templates and actions; shared with the templates it calls. */
  readonly depth: { value: number };
}

/**
 * Carries out one template.
 *
 * @param variables besides `$`.
 * @throws TemplateError `template_failed`, `template_limit`; QueryNeeded when the answer to a query is missing.
 */
export function evaluate(
  evaluation: Evaluation,
  tree: TemplateTree,
  data: Value,
  variables: ReadonlyMap<string, Value>,
): void {
  new Evaluator(evaluation, tree, data, variables).nodes(tree.nodes, data);
}

/** The state of one template's execution; a template it calls has an evaluator of its own. */
class Evaluator {
  readonly #evaluation: Evaluation;
  readonly #source: Source;
  readonly #name: string;
  readonly #variables = new Scopes<{ value: Value }>();

  constructor(
    evaluation: Evaluation,
    tree: TemplateTree,
    data: Value,
    variables: ReadonlyMap<string, Value>,
  ) {
    this.#evaluation = evaluation;
    this.#source = tree.source;
    this.#name = tree.name;
    this.#variables.push('', { value: data });
    for (const [name, value] of variables) this.#variables.push(name, { value });
  }

  nodes(nodes: readonly Node[], dot: Value): Leave {
    for (const node of nodes) {
      const leave = this.#node(node, dot);
      if (leave !== undefined) return leave;
    }
    return undefined;
  }

  #node(node: Node, dot: Value): Leave {
    this.#guard(node, () => this.#evaluation.run.budget.spend(1));
    switch (node.kind) {
      case 'text':
        this.#guard(node, () => this.#evaluation.writer.markup(node.text));
        return undefined;
      case 'action': {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.#write(node.pipe, value);
        return undefined;
      }
      case 'if':
      case 'with':
        return this.#deeper(node, () => this.#branch(node, dot));
      case 'range':
        return this.#deeper(node, () => this.#range(node, dot));
      case 'template': {
        const data = node.pipe === undefined ? undefined : this.#pipe(node.pipe, dot);
        this.#deeper(node, () => this.#callTemplate(node.name, data, node));
        return undefined;
      }
      default:
        return node.kind;
    }
  }

  #write(span: Span, value: Value): void {
    this.#guard(span, () => {
      const { writer, run } = this.#evaluation;
      const text = value instanceof SafeText ? value : printed(value, run.budget);
      writer.value(text);
    });
  }

  #branch(node: BranchNode, dot: Value): Leave {
    const mark = this.#variables.length;
    const value = this.#pipe(node.pipe, dot);
    const leave = isTrue(value)
      ? this.nodes(node.body, node.kind === 'with' ? value : dot)
      : this.nodes(node.otherwise, dot);
    this.#variables.cut(mark);
    return leave;
  }

  #range(node: RangeNode, dot: Value): undefined {
    const mark = this.#variables.length;
    const value = this.#pipe(node.pipe, dot);
    const inner = this.#variables.length;
    let rounds = 0;
    for (const [key, element] of this.#guard(node.pipe, () => elementsOf(value))) {
      rounds++;
      this.#guard(node, () => this.#evaluation.run.budget.spend(1));
      this.#setLoopVariables(node.pipe, key, element);
      const leave = this.nodes(node.body, element);
      this.#variables.cut(inner);
      if (leave === 'break') break;
    }
    // A `break` in the part after `else` leaves that part and, in Go too, not the range around this one.
    if (rounds === 0) this.nodes(node.otherwise, dot);
    this.#variables.cut(mark);
  }

  #setLoopVariables(pipe: Pipe, key: Value, element: Value): void {
    const [first, second] = pipe.variables;
    if (first === undefined) return;
    const values: [string, Value][] =
      second === undefined
        ? [[first, element]]
        : [
            [first, key],
            [second, element],
          ];
    for (const [name, value] of values) this.#setVariable(name, value);
  }

  #callTemplate(name: string, data: Value, span: Span): void {
    const tree = this.#evaluation.templates.get(name);
    if (tree === undefined) this.#fail(span, new CallError(`template ${JSON.stringify(name)} not defined`));
    new Evaluator(this.#evaluation, tree, data, new Map()).nodes(tree.nodes, data);
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    let value: Argument | undefined;
    for (const command of pipe.commands) {
      const result = this.#command(command, dot, value);
      value = { value: result === null ? undefined : result, isLiteral: false };
    }
    for (const name of pipe.variables) {
      if (pipe.isAssignment) this.#setVariable(name, value!.value);
      else this.#variables.push(name, { value: value!.value });
    }
    return value!.value;
  }

  #setVariable(name: string, value: Value): void {
    const variable = this.#variables.get(name);
    if (variable !== undefined) variable.value = value;
  }

  /** @param last the value of the command in front of the bar, which becomes the last argument. */
  #command(command: Command, dot: Value, last: Argument | undefined): Value {
    const [first, ...rest] = command.operands;
    if (first!.kind === 'function')
      return this.#call(first!.name, { span: command, operands: rest, dot, last });
    const takesArguments = first!.kind === 'field' || first!.kind === 'variable' || first!.kind === 'chain';
    if (takesArguments && (rest.length > 0 || last !== undefined)) {
      const args = rest.map((operand) => this.#argument(operand, dot));
      if (last !== undefined) args.push(last);
      return this.#operand(first!, dot, args);
    }
    if (rest.length > 0 || last !== undefined)
      this.#fail(first!, new CallError(`can't give argument to non-function ${this.#written(first!)}`));
    if (first!.kind === 'nil') this.#fail(first!, new CallError('nil is not a command'));
    return this.#operand(first!, dot, []);
  }

  #call(
    name: string,
    at: { span: Span; operands: readonly Operand[]; dot: Value; last: Argument | undefined },
  ): Value {
    const fn = this.#evaluation.functions.get(name)!;
    if (name === 'and' || name === 'or') return this.#shortCircuit(name, at);
    const args = at.operands.map((operand) => this.#argument(operand, at.dot));
    if (at.last !== undefined) args.push(at.last);
    return this.#guard(at.span, () => {
      const fitted = fitArguments(name, fn, args);
      let result: Value;
      try {
        result = fn.call(fitted, this.#evaluation.run);
      } catch (error) {
        if (error instanceof CallError)
          throw new CallError(`error calling ${name}: ${error.message}`, { cause: error });
        throw error;
      }
      this.#evaluation.run.budget.spend(1);
      if (typeof result === 'string') this.#evaluation.run.budget.spendText(result.length);
      return result;
    });
  }

  /** `and` and `or` evaluate no further than they need. */
  #shortCircuit(
    name: 'and' | 'or',
    at: { span: Span; operands: readonly Operand[]; dot: Value; last: Argument | undefined },
  ): Value {
    if (at.operands.length === 0 && at.last === undefined)
      this.#fail(at.span, new CallError(`wrong number of args for ${name}: want at least 1 got 0`));
    let value: Value;
    for (const operand of at.operands) {
      value = this.#argument(operand, at.dot).value;
      if (isTrue(value) === (name === 'or')) return value;
    }
    return at.last === undefined ? value : at.last.value;
  }

  #argument(operand: Operand, dot: Value): Argument {
    return { value: this.#operand(operand, dot, []), isLiteral: operand.kind === 'number' };
  }

  /** @param args of a method, when the operand stands at the front of a command. */
  #operand(operand: Operand, dot: Value, args: readonly Argument[]): Value {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'bool':
      case 'string':
      case 'number':
        return operand.value;
      case 'field':
        return this.#fields(operand, dot, operand.names, args);
      case 'variable':
        return this.#variable(operand, args);
      case 'chain':
        return this.#fields(operand, this.#operand(operand.operand, dot, []), operand.names, args);
      case 'function':
        return this.#call(operand.name, { span: operand, operands: [], dot, last: undefined });
      case 'pipe':
        return this.#deeper(operand, () => this.#pipe(operand, dot));
    }
  }

  #variable(operand: Operand & { kind: 'variable' }, args: readonly Argument[]): Value {
    const variable = this.#variables.get(operand.name);
    if (variable === undefined) this.#fail(operand, new CallError(`undefined variable: $${operand.name}`));
    if (operand.names.length === 0 && args.length > 0)
      this.#fail(operand, new CallError(`can't give argument to non-function ${this.#written(operand)}`));
    return this.#fields(operand, variable.value, operand.names, args);
  }

  #fields(span: Span, receiver: Value, names: readonly string[], args: readonly Argument[]): Value {
    let value = receiver;
    for (const [i, name] of names.entries()) {
      const isLast = i === names.length - 1;
      value = this.#guard(span, () => fieldOf(value, name, isLast ? args : []));
    }
    return value;
  }

  #deeper<T>(span: Span, work: () => T): T {
    const { maxDepth } = this.#evaluation.run.budget.limits;
    if (++this.#evaluation.depth.value > maxDepth)
      this.#fail(span, new LimitError(`more than ${maxDepth} templates and actions inside each other`));
    const result = work();
    this.#evaluation.depth.value--;
    return result;
  }

  /** Adds the place to what goes wrong. */
  #guard<T>(span: Span, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof TemplateError || error instanceof QueryNeeded) throw error;
      if (error instanceof CallError || error instanceof LimitError || error instanceof BellwetherError)
        return this.#fail(span, error);
      throw error;
    }
  }

  #fail(span: Span, error: Error): never {
    throw executionError({
      source: this.#source,
      template: this.#name,
      start: span.start,
      end: span.end,
      error,
    });
  }

  #written(span: Span): string {
    return this.#source.text.slice(span.start, span.end);
  }
}

/** Pairs of key and element of what a range goes over. @throws CallError when it is nothing of that kind. */
function elementsOf(value: Value): Iterable<[Value, Value]> {
  if (value === undefined || value === null) return [];
  if (value instanceof List) return listElements(value);
  if (value instanceof Dict) return dictElements(value);
  if (typeof value === 'bigint') return count(value);
  throw new CallError(`range can't iterate over ${typeName(value)}`);
}

function* listElements(list: List): Generator<[Value, Value]> {
  for (const [i, item] of list.items.entries()) yield [BigInt(i), item];
}

function* dictElements(dict: Dict): Generator<[Value, Value]> {
  for (const key of dict.keys) yield [key, dict.get(key)];
}

function* count(end: bigint): Generator<[Value, Value]> {
  for (let i = 0n; i < end; i++) yield [i, i];
}
