import { isUtf8 } from 'node:buffer';
import { DecodeError } from '../../../lib/errors.ts';
import { isPlainLabelName, quoted } from '../../../model/labels.ts';

const BASE64_SUFFIX = '@base64';
const BASE64_URL = /^[A-Za-z0-9_-]*={0,2}$/;
const MAX_PATH_LENGTH = 8192;
const HINT =
  'the path is /metrics/job/<job>{/<label>/<value>}; put @base64 behind a label to send its value in URL-safe base64';

/** The labels that name a group of pushed metrics: those of the path, `job` among them. */
export interface Grouping {
  /** Equal for equal groups only. */
  readonly key: string;
  /** Sorted by name; values may be empty, which keeps groups apart but is no label of the series. */
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/**
 * Reads the path of a push, `/metrics/job/<job>{/<label>/<value>}`, as the Pushgateway does: parts are percent-encoded, or URL-safe
 * base64 where the name ends with `@base64` (`=` alone is the empty value).
 *
 * @param path as in the request line, without the query.
 * @throws DecodeError
 */
export function parsePushPath(path: string): Grouping {
  if (path.length > MAX_PATH_LENGTH) throw badPath(`the path is longer than the limit of ${MAX_PATH_LENGTH}`);
  const parts = path.split('/');
  const [before, root, first] = parts;
  const hasJob = first === 'job' || first === `job${BASE64_SUFFIX}`;
  if (before !== '' || root !== 'metrics' || !hasJob) throw badPath('the path does not name a job');
  if (parts.at(-1) === '') parts.pop();
  if (parts.length % 2 !== 0) throw badPath('a label in the path has no value');
  const values = new Map<string, string>();
  for (let i = parts.length - 2; i >= 2; i -= 2) {
    const [name, value] = readLabel(decodePart(parts[i]!), parts[i + 1]!);
    // Walking backwards, so that the last of a name given twice wins; only the job is the one that comes first.
    if (i === 2 || !values.has(name)) values.set(name, value);
  }
  if (values.get('job') === '') throw badPath('the job is empty');
  return groupingOf(values);
}

/** @param labels with a `job`. */
export function groupingOf(labels: Iterable<readonly [name: string, value: string]>): Grouping {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return { key: JSON.stringify(sorted), labels: sorted };
}

function readLabel(nameInPath: string, valueInPath: string): [string, string] {
  const isBase64 = nameInPath.endsWith(BASE64_SUFFIX);
  const name = isBase64 ? nameInPath.slice(0, -BASE64_SUFFIX.length) : nameInPath;
  if (!isPlainLabelName(name) || name.startsWith('__')) {
    throw badPath(`${quoted(name)} in the path is no name for a label`);
  }
  if (isBase64) return [name, decodeBase64(name, decodePart(valueInPath))];
  const value = decodePart(valueInPath);
  if (value === '') throw badPath(`the label ${name} has an empty value; write ${name}${BASE64_SUFFIX}/=`);
  return [name, value];
}

function decodeBase64(name: string, text: string): string {
  const digits = text.replace(/=+$/, '');
  const bytes = Buffer.from(digits, 'base64url');
  if (!BASE64_URL.test(text) || digits.length % 4 === 1 || !isUtf8(bytes)) {
    throw badPath(`the value of ${name}${BASE64_SUFFIX} is not URL-safe base64 of UTF-8`);
  }
  return bytes.toString('utf8');
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new DecodeError(`${quoted(part)} in the path is not percent-encoded UTF-8`, HINT, error);
  }
}

function badPath(message: string): DecodeError {
  return new DecodeError(message, HINT);
}
