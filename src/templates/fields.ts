import { type Argument, fitArguments } from './arguments.ts';
import { CallError } from './errors.ts';
import { Dict, Struct, typeName, typeOf, type Value } from './values.ts';

/**
 * `.Name` of a value: a method, a field of a struct or a key of a map.
 *
 * @throws CallError
 */
export function fieldOf(receiver: Value, name: string, args: readonly Argument[]): Value {
  // Nothing has nothing, which is no mistake; a nil inside the data is one.
  if (receiver === undefined) return undefined;
  if (receiver === null) throw new CallError(`nil pointer evaluating interface {}.${name}`);
  const method = typeOf(receiver)?.methods.get(name);
  if (method !== undefined) return method.call(receiver, fitArguments(name, method, args));
  if (receiver instanceof Struct && receiver.fields.has(name)) {
    if (args.length > 0) throw new CallError(`${name} has arguments but cannot be invoked as function`);
    return receiver.fields.get(name);
  }
  if (receiver instanceof Dict) {
    if (args.length > 0) throw new CallError(`${name} is not a method but has arguments`);
    return receiver.get(name);
  }
  throw new CallError(`can't evaluate field ${name} in type ${typeName(receiver)}`);
}
