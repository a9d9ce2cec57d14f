import { parser } from '@prometheus-io/lezer-promql';
import { expect, test } from 'vitest';
import { allFunctions } from '../functions/index.ts';
import { SIGNATURES } from './signatures.ts';

test('the grammar of the editor knows every function, but for two it has in durations only', () => {
  const strict = parser.configure({ strict: true });
  const isKnown = (name: string) => {
    try {
      strict.parse(`${name}()`);
      return true;
    } catch {
      return false;
    }
  };
  expect([...SIGNATURES.keys()].filter((name) => !isKnown(name))).toEqual(['min_of', 'max_of']);
  expect(isKnown('no_such_function')).toBe(false);
});

test('types, counts and flags', () => {
  expect(SIGNATURES.get('label_join')).toEqual({
    name: 'label_join',
    argTypes: ['vector', 'string', 'string', 'string'],
    variadic: -1,
    returns: 'vector',
  });
  expect(SIGNATURES.get('max_of')).toEqual({
    name: 'max_of',
    argTypes: ['scalar', 'scalar'],
    variadic: 0,
    returns: 'scalar',
    isExperimental: true,
  });
  expect(SIGNATURES.get('pi')).toEqual({ name: 'pi', argTypes: [], variadic: 0, returns: 'scalar' });
});

test('the registry has exactly these signatures', () => {
  const registered = allFunctions.map(({ name, argTypes, variadic, returns, isExperimental }) => [
    name,
    { name, argTypes, variadic, returns, ...(isExperimental === true && { isExperimental }) },
  ]);
  expect(Object.fromEntries(registered)).toEqual(Object.fromEntries(SIGNATURES));
});
