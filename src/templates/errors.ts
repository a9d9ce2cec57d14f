import { BellwetherError, messageOf } from '../lib/errors.ts';

/** Longest piece of a template that an error quotes, longest reason, and longest message that is shown in place of a text. */
const MAX_QUOTED_LENGTH = 40;
const MAX_REASON_LENGTH = 500;
const MAX_EXPLAINED_LENGTH = 1000;

/** Where in a template something is. */
export interface TemplatePlace {
  /** Name of the source: a file's name, an alert's name. */
  readonly template: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/**
 * The only error of this folder: a template cannot be read (`bad_template`), or it cannot be carried out with the given data
 * (`template_failed`), or it came to a bound (`template_limit`).
 */
export class TemplateError extends BellwetherError {
  readonly place: TemplatePlace | undefined;
  /** The message without the place. */
  readonly reason: string;

  constructor(fields: {
    code: 'bad_template' | 'template_failed' | 'template_limit';
    message: string;
    reason?: string;
    place?: TemplatePlace;
    cause?: unknown;
  }) {
    super({ code: fields.code, status: 400, message: fields.message, cause: fields.cause });
    this.name = 'TemplateError';
    this.place = fields.place;
    this.reason = fields.reason ?? fields.message;
  }
}

/** A mistake a function reports about its arguments; the evaluator adds the place. */
export class CallError extends Error {}

/** A bound was reached; the evaluator adds the place. */
export class LimitError extends Error {}

/** One source, to turn offsets into lines. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

export function placeOf(source: Source, offset: number): TemplatePlace {
  const before = source.text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return {
    template: source.name,
    line: before.split('\n').length,
    column: offset - lineStart + 1,
  };
}

/** @throws TemplateError always: `bad_template`. */
export function failParse(source: Source, offset: number, mistake: string): never {
  const reason = shorten(mistake, MAX_REASON_LENGTH);
  const place = placeOf(source, offset);
  throw new TemplateError({
    code: 'bad_template',
    message: `template: ${place.template}:${place.line}:${place.column}: ${reason}`,
    reason,
    place,
  });
}

/** The error of a step of the evaluation, in the words of Go's package. */
export function executionError(at: {
  source: Source;
  template: string;
  start: number;
  end: number;
  error: unknown;
}): TemplateError {
  const { source, error } = at;
  const place = placeOf(source, at.start);
  const quoted = shorten(source.text.slice(at.start, at.end), MAX_QUOTED_LENGTH);
  const reason = shorten(messageOf(error), MAX_REASON_LENGTH);
  return new TemplateError({
    code: error instanceof LimitError ? 'template_limit' : 'template_failed',
    message: `template: ${place.template}:${place.line}:${place.column}: executing ${JSON.stringify(at.template)} at <${quoted}>: ${reason}`,
    reason,
    place,
    cause: error,
  });
}

/** What stands in place of a text that could not be made. */
export function explanation(error: TemplateError): string {
  return `<error expanding template: ${shorten(error.message, MAX_EXPLAINED_LENGTH)}>`;
}

/** @param maxLength a character of two units at the cut is left out as a whole. */
export function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '')}...`;
}
