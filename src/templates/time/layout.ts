/** Calendar fields of a moment in its zone, and Go's layouts over them. */
export interface TimeFields {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 to 999 999 999. */
  readonly nanosecond: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** From 1. */
  readonly yearDay: number;
  readonly offsetSeconds: number;
  /** Abbreviation: `UTC`, `CET`. */
  readonly zone: string;
}

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const ELEMENT =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|2006|__2|_2(?!006)|15|PM|pm|-07(?::00:00|0000|:00|00)?|Z07(?::00:00|0000|:00|00)?|[1-5]|[.,](?:0+|9+)(?!\d)/g;

const WRITERS: Readonly<Record<string, (at: TimeFields) => string>> = {
  January: (at) => MONTHS[at.month - 1]!,
  Jan: (at) => MONTHS[at.month - 1]!.slice(0, 3),
  Monday: (at) => WEEKDAYS[at.weekday]!,
  Mon: (at) => WEEKDAYS[at.weekday]!.slice(0, 3),
  MST: (at) => at.zone,
  2006: (at) => fill(at.year, 4),
  '06': (at) => fill(((at.year % 100) + 100) % 100, 2),
  '01': (at) => fill(at.month, 2),
  1: (at) => String(at.month),
  '02': (at) => fill(at.day, 2),
  _2: (at) => String(at.day).padStart(2),
  2: (at) => String(at.day),
  '002': (at) => fill(at.yearDay, 3),
  __2: (at) => String(at.yearDay).padStart(3),
  15: (at) => fill(at.hour, 2),
  '03': (at) => fill(at.hour % 12 === 0 ? 12 : at.hour % 12, 2),
  3: (at) => String(at.hour % 12 === 0 ? 12 : at.hour % 12),
  '04': (at) => fill(at.minute, 2),
  4: (at) => String(at.minute),
  '05': (at) => fill(at.second, 2),
  5: (at) => String(at.second),
  PM: (at) => (at.hour >= 12 ? 'PM' : 'AM'),
  pm: (at) => (at.hour >= 12 ? 'pm' : 'am'),
};

/** A time in a layout that shows how Monday, 2 January 2006, 15:04:05 MST would be written, as Go's time.Format. */
export function formatLayout(layout: string, at: TimeFields): string {
  return layout.replace(ELEMENT, (element) => {
    if (Object.hasOwn(WRITERS, element)) return WRITERS[element]!(at);
    if (element.startsWith('-07') || element.startsWith('Z07')) return offset(element, at.offsetSeconds);
    return fraction(element, at.nanosecond);
  });
}

function offset(element: string, offsetSeconds: number): string {
  if (element.startsWith('Z') && offsetSeconds === 0) return 'Z';
  const total = Math.abs(offsetSeconds);
  const hours = fill(Math.floor(total / 3600), 2);
  const minutes = fill(Math.floor(total / 60) % 60, 2);
  const sign = offsetSeconds < 0 ? '-' : '+';
  const colon = element.includes(':') ? ':' : '';
  if (element.length === 3) return sign + hours;
  const seconds = element.replaceAll(':', '').length > 5 ? colon + fill(total % 60, 2) : '';
  return sign + hours + colon + minutes + seconds;
}

/** `.000` keeps zeros at the end, `.999` leaves them out. */
function fraction(element: string, nanosecond: number): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .padEnd(element.length - 1, '0')
    .slice(0, element.length - 1);
  if (element[1] === '0') return element[0] + digits;
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '' : element[0] + kept;
}

function fill(value: number, width: number): string {
  return (value < 0 ? '-' : '') + String(Math.abs(value)).padStart(width, '0');
}
