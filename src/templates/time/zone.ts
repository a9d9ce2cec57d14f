import { CallError } from '../errors.ts';

/** What a zone needs, made once, because making it is slow. */
interface Zone {
  readonly fields: Intl.DateTimeFormat;
  /** By the order of LOCALES, as far as they were needed. */
  readonly names: Intl.DateTimeFormat[];
}

/** Zones seen so far; there are about six hundred names. */
const zones = new Map<string, Zone>();
const MAX_ZONES = 1000;
/** Where ICU knows an abbreviation at all, it does so in the English of the place. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-NZ', 'en-ZA'];

/** @throws CallError for an unknown name. */
export function checkZone(zone: string): void {
  zoneOf(zone);
}

/** Seconds east of Greenwich at a moment. */
export function offsetAt(zone: string, epochMs: number): number {
  if (zone === 'UTC') return 0;
  const parts = new Map(
    zoneOf(zone)
      .fields.formatToParts(epochMs)
      .map((part) => [part.type, part.value]),
  );
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
  const year = parts.get('era') === 'BC' ? 1 - number('year') : number('year');
  const local = new Date(0);
  local.setUTCFullYear(year, number('month') - 1, number('day'));
  local.setUTCHours(number('hour') % 24, number('minute'), number('second'));
  return Math.round((local.getTime() - Math.floor(epochMs / 1000) * 1000) / 1000);
}

/** The zone's abbreviation at a moment, or its offset (`+03`) where it has none. */
export function abbreviationAt(zone: string, epochMs: number): string {
  if (zone === 'UTC') return 'UTC';
  const { names } = zoneOf(zone);
  for (const [i, locale] of LOCALES.entries()) {
    names[i] ??= new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' });
    const name = names[i].formatToParts(epochMs).find((part) => part.type === 'timeZoneName')?.value;
    if (name !== undefined && /^[A-Z]{2,5}$/.test(name)) return name;
  }
  const seconds = offsetAt(zone, epochMs);
  const minutes = Math.abs(Math.trunc(seconds / 60));
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  const rest = minutes % 60 === 0 ? '' : String(minutes % 60).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${hours}${rest}`;
}

function zoneOf(zone: string): Zone {
  const known = zones.get(zone);
  if (known !== undefined) return known;
  try {
    const fields = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    const made = { fields, names: [] };
    if (zones.size < MAX_ZONES) zones.set(zone, made);
    return made;
  } catch (error) {
    throw new CallError(`unknown time zone ${zone}`, { cause: error });
  }
}
