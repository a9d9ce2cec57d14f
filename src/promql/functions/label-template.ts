import type { AnchoredRegex } from '../../lib/re2.ts';

/** The groups of a match. */
export type Groups = NonNullable<ReturnType<AnchoredRegex['groups']>>;

const NAME = /^(?:\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/u;
const GROUP_NUMBER = /^(?:0|[1-9][0-9]{0,8})$/;

/**
 * Fills a template as Go's `regexp.Expand` does: `$1`, `${1}`, `$name` and `${name}` stand for groups (names reach as far as letters,
 * digits and underscores do), `$$` for a dollar sign. A group that is not there is empty; any other `$` stays.
 */
export function fillTemplate(template: string, groups: Groups): string {
  let filled = '';
  let rest = template;
  for (;;) {
    const dollar = rest.indexOf('$');
    if (dollar < 0) return filled + rest;
    filled += rest.slice(0, dollar);
    rest = rest.slice(dollar + 1);
    const name = NAME.exec(rest);
    if (name !== null) {
      filled += groupText(name[1] ?? name[2]!, groups);
      rest = rest.slice(name[0].length);
    } else {
      filled += '$';
      if (rest.startsWith('$')) rest = rest.slice(1);
    }
  }
}

function groupText(name: string, groups: Groups): string {
  if (GROUP_NUMBER.test(name)) return groups.list[Number(name)] ?? '';
  return groups.named.get(name) ?? '';
}
