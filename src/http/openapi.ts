import { z } from 'zod';
import * as contract from '../contract/index.ts';
import { actionPagePath, buttonPaths } from './actions/index.ts';
import { alertmanagerEndpoints, inboundEndpoint } from './alertmanager/index.ts';
import { prometheusEndpoints, rawEndpoints, writeEndpoints } from './prometheus/index.ts';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

/** Schemas that get a name of their own in the document; the rest stands where it is used. */
const named: Readonly<Record<string, z.ZodType>> = {
  Session: contract.session,
  SessionDetail: contract.sessionDetail,
  SessionList: contract.sessionList,
  TimelineEntry: contract.timelineEntry,
  Usage: contract.usage,
  UsageFigures: contract.usageFigures,
  Overview: contract.overview,
  OverviewFigures: contract.overviewFigures,
  Source: contract.source,
  SourceList: contract.sourceList,
  Status: contract.status,
  Onboarding: contract.onboarding,
  Health: contract.health,
  HealthPart: contract.healthPart,
  LiveEvent: contract.liveEvent,
  ActiveAlert: contract.activeAlert,
  AlertList: contract.alertList,
  AlertWhy: contract.alertWhy,
  HistoryEvent: contract.historyEvent,
  RuleInfo: contract.ruleInfo,
  RuleBody: contract.ruleBody,
  Silence: contract.silence,
  LoginAnswer: contract.loginAnswer,
  Error: contract.errorBody,
};

const errorAnswers: Readonly<Record<number, string>> = {
  400: 'a parameter cannot be used; the message names it',
  401: 'a key is needed, or the key is not valid',
  403: 'not allowed: the role of the key, or a foreign Host or Origin',
  500: 'a bug in Bellwether',
  503: 'the store is away; try again after Retry-After',
};

/** The API as OpenAPI 3.1. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Bellwether', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        session: { type: 'apiKey', in: 'cookie', name: 'bellwether_session' },
      },
    },
  };
}

function operation(route: Route): Json {
  const isOpen = route.role === 'public';
  return {
    operationId: route.name,
    summary: route.summary,
    security: isOpen ? [] : [{ key: [] }, { apiKey: [] }, { session: [] }],
    ...parametersOf(route),
    ...(route.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
      },
    }),
    responses: {
      200: { description: 'OK', content: contentOf(route) },
      ...Object.fromEntries(
        Object.entries(statusesOf(route)).map(([code, text]) => [code, errorAnswer(text)]),
      ),
    },
  };
}

function statusesOf(route: Route): Record<string, string> {
  const { 400: badRequest, 401: noKey, 403: forbidden, 500: bug, 503: away } = errorAnswers;
  const takesInput = route.query ?? route.params ?? route.body;
  return {
    ...(takesInput && { 400: badRequest! }),
    ...(route.role !== 'public' && { 401: noKey!, 503: away! }),
    403: forbidden!,
    500: bug!,
    ...route.statuses,
  };
}

function errorAnswer(description: string): Json {
  return { description, content: { 'application/json': { schema: reference('Error') } } };
}

function contentOf({ response }: Route): Json {
  if (response === 'text/event-stream') return { [response]: { schema: reference('LiveEvent') } };
  if (typeof response === 'string') return { [response]: { schema: { type: 'string' } } };
  return { 'application/json': { schema: schemaOf(response, 'output') } };
}

function parametersOf({ query, params }: Route): { parameters?: Json[] } {
  const parameters = [...parametersIn('path', params), ...parametersIn('query', query)];
  return parameters.length === 0 ? {} : { parameters };
}

function parametersIn(place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as Json;
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const name = Object.keys(named).find((key) => named[key] === schema);
  if (name !== undefined) return reference(name);
  const { $schema: _meta, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

function componentSchemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _meta, $id: _id, ...rest }]) => [id, rest]),
  );
}

/** The reference page of the API, Markdown, one section per route. */
export function apiReference(routes: readonly Route[]): string {
  const lines = [
    '# HTTP API',
    '',
    'Written by the route table; the same as OpenAPI 3.1 is at `/api/openapi.json`.',
    '',
  ];
  for (const route of routes) {
    lines.push(`## ${route.method} ${route.path}`, '', `${route.summary}.`, '');
    lines.push(route.role === 'public' ? 'Needs no key.' : 'Needs an admin key where keys are required.', '');
    const parameters = [...parametersIn('path', route.params), ...parametersIn('query', route.query)];
    if (parameters.length === 0) continue;
    lines.push('| parameter | default | meaning |', '|---|---|---|');
    for (const parameter of parameters) lines.push(parameterLine(parameter));
    lines.push('');
  }
  lines.push(...prometheusReference());
  return lines.join('\n');
}

/** Prometheus documents these endpoints and their parameters; OpenAPI leaves them out. */
function prometheusReference(): string[] {
  const row = (methods: readonly string[], path: string, summary: string) =>
    `| ${methods.join(', ')} | \`${path}\` | ${summary} |`;
  return [
    "## Prometheus's API",
    '',
    "Parameters and answers are those of [Prometheus's HTTP API](https://prometheus.io/docs/prometheus/latest/querying/api/). They need an admin key where keys",
    "are required, and are not part of the OpenAPI document. Answers are wrapped in Prometheus's envelope (`status`, `data`, `errorType`, `error`, `warnings`,",
    '`infos`); `explain` and `cardinality` are our own. What a build does not serve answers 404 `not_found`.',
    '',
    '| methods | path | answers |',
    '|---|---|---|',
    ...prometheusEndpoints.map(({ methods, path, summary }) => row(methods, `/api/v1/${path}`, summary)),
    ...rawEndpoints.map(({ method, path, summary }) => row([method], path, summary)),
    '',
    '## Writing samples',
    '',
    'Need a write-only or an admin key where keys are required. Bodies may be compressed with gzip, deflate or (except pushes) snappy. What each answers:',
    '[metrics](guides/metrics.md#sending-samples).',
    '',
    '| methods | path | takes |',
    '|---|---|---|',
    ...writeEndpoints.map(({ methods, path, summary }) => row(methods, path, summary)),
    '',
    "## Alertmanager's API",
    '',
    'Below `/alertmanager/api/v2/` (and `/api/v2/`), with the answers of https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. An ingest key may',
    'send alerts; everything else needs an admin key where keys are required.',
    '',
    '| methods | path | answers |',
    '|---|---|---|',
    ...alertmanagerEndpoints.map(({ methods, path, summary }) =>
      row(Object.keys(methods), `/alertmanager/api/v2/${path}`, summary),
    ),
    row(['POST'], '/alertmanager/-/reload', 'Reads the configuration again'),
    row(['GET'], '/alertmanager/-/healthy', 'Whether the server runs; also `/alertmanager/-/ready`'),
    '',
    '## From elsewhere',
    '',
    'Each has a token or a signature of its own: [alerting](guides/alerting.md).',
    '',
    '| methods | path | takes |',
    '|---|---|---|',
    row(['POST'], inboundEndpoint, 'Webhooks that become alerts'),
    row(['POST'], buttonPaths.slack, 'Buttons pressed in Slack'),
    row(['POST'], buttonPaths.telegram, 'Buttons pressed in Telegram'),
    row(
      ['GET', 'POST'],
      `${actionPagePath}:token`,
      'The page behind a signed link: acknowledge without logging in',
    ),
    '',
  ];
}

function parameterLine(parameter: Json): string {
  const schema = parameter.schema as { default?: unknown; enum?: unknown[] };
  const meaning = parameter.description ?? (schema.enum ?? []).join(', ');
  return `| \`${parameter.name}\` | ${schema.default === undefined ? '' : `\`${schema.default}\``} | ${meaning} |`;
}
