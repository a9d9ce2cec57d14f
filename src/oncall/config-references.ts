import { messageOf } from '../lib/errors.ts';
import { add, checkNames, type OnCallReader, type Path } from './config-reader.ts';
import { MAX_ENTRIES } from './config-schema.ts';

type Tree = Readonly<Record<string, unknown>>;

/**
 * Checks what entries refer to, and matchers. Looks at the values as they were written, so that these mistakes are told together with
 * those in the form of the same entry.
 */
export function checkReferences(reader: OnCallReader, tree: Tree): void {
  const { receivers } = reader.options;
  for (const [at, person] of treesIn(tree.people)) {
    const path = ['people', at, 'receivers'];
    checkNames(reader, path, textsIn(person.receivers), { known: receivers, kind: 'receiver' });
  }
  for (const [at, schedule] of treesIn(tree.schedules)) {
    for (const [position, rotation] of treesIn(schedule.rotations)) {
      const path = ['schedules', at, 'rotations', position, 'people'];
      const among = { known: reader.people, kind: 'person', mayRepeat: true };
      checkNames(reader, path, textsIn(rotation.people), among);
    }
  }
  for (const [at, policy] of treesIn(tree.escalation_policies)) {
    const path = ['escalation_policies', at];
    checkMatchers(reader, [...path, 'matchers'], textsIn(policy.matchers));
    for (const [position, step] of treesIn(policy.steps)) {
      const among = { known: receivers, kind: 'receiver' };
      checkNames(reader, [...path, 'steps', position, 'receivers'], textsIn(step.receivers), among);
      const schedules = { known: reader.schedules, kind: 'schedule' };
      checkNames(reader, [...path, 'steps', position, 'schedules'], textsIn(step.schedules), schedules);
    }
  }
}

function checkMatchers(reader: OnCallReader, path: Path, texts: readonly string[]): void {
  for (const [at, text] of texts.entries()) {
    try {
      reader.options.parseMatchers(text);
    } catch (error) {
      add(reader, [...path, at], messageOf(error));
    }
  }
}

/** Sections of a list, with their positions; what is none is the schema's to refuse. */
function* treesIn(value: unknown): Generator<readonly [at: number, tree: Tree]> {
  if (!Array.isArray(value)) return;
  for (const [at, entry] of value.slice(0, MAX_ENTRIES).entries())
    if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) yield [at, entry as Tree];
}

function textsIn(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_ENTRIES).map(String);
}
