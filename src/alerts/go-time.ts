const TIME =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9})\d*)?)?(?:([Zz])|([+-]\d\d):?(\d\d))?$/;

/** Go's zero time, which stands for none. */
export const ZERO_TIME_MS = Date.parse('0001-01-01T00:00:00Z');

/**
 * Epoch milliseconds of a time as Alertmanager takes it: RFC 3339, or with a blank, without seconds, clock or offset (UTC then).
 * Undefined when it is none.
 */
export function parseGoTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, date, clock = '00:00', fraction = '', , hours, minutes] = match;
  const offset = hours === undefined ? 'Z' : `${hours}:${minutes}`;
  const withSeconds = clock.length === 5 ? `${clock}:00` : clock;
  const ms = Date.parse(`${date}T${withSeconds}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`);
  return Number.isNaN(ms) ? undefined : ms;
}
