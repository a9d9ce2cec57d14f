import { z } from 'zod';
import { unwrap } from './load.ts';
import { configSchema } from './schema.ts';

/** The configuration reference as Markdown, derived from the schema. `docs/configuration.md` is this text. */
export function configReference(): string {
  const lines = [
    '# Configuration',
    '',
    'Generated from the schema by `npm run docs`; do not edit.',
    '',
    'Bellwether runs without a configuration file. To change something, write `bellwether.yml` in the working directory or name a file',
    'with `--config`. Every key is optional. Each can also be set by an environment variable: `server.listen` is',
    '`BELLWETHER_SERVER_LISTEN`. Command line flags win over the environment, the environment wins over the file. Unknown keys are errors.',
    '`bellwether check` lists every mistake with line and column.',
  ];
  const top = Object.entries(configSchema.shape) as [string, z.ZodType][];
  const plain = top.filter(([, schema]) => !(unwrap(schema) instanceof z.ZodObject));
  lines.push('', ...table(plain, ''));
  for (const [name, schema] of top) {
    const inner = unwrap(schema);
    if (!(inner instanceof z.ZodObject)) continue;
    lines.push('', `## ${name}`, '', schema.description ?? '', '');
    lines.push(...table(Object.entries(inner.shape) as [string, z.ZodType][], `${name}.`));
  }
  return `${lines.join('\n')}\n`;
}

function table(entries: readonly [string, z.ZodType][], prefix: string): string[] {
  const rows = entries.map(([key, schema]) => {
    const cells = [`\`${prefix}${key}\``, typeName(schema), defaultText(schema), schema.description ?? ''];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| Key | Type | Default | Meaning |', '|---|---|---|---|', ...rows];
}

function typeName(schema: z.ZodType): string {
  const kind = schema.meta()?.kind ?? unwrapAll(schema).meta()?.kind;
  if (typeof kind === 'string') return kind;
  const inner = unwrapAll(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${String(option)}\``).join(', ');
  if (inner instanceof z.ZodBoolean) return 'true, false';
  if (inner instanceof z.ZodNumber) return 'number';
  if (inner instanceof z.ZodArray) return 'list of text';
  return 'text';
}

function unwrapAll(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.unwrap() as z.ZodType;
  }
  return inner;
}

function defaultText(schema: z.ZodType): string {
  const example = schema.meta()?.example;
  if (typeof example === 'string') return `\`${example}\``;
  if (schema instanceof z.ZodDefault) {
    const value: unknown = schema.def.defaultValue;
    return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
  }
  return '';
}
