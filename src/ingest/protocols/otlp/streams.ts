import { createHash } from 'node:crypto';
import { startOfDay } from '../../../lib/time.ts';
import type { Origin } from '../../../model/telemetry.ts';
import { MAX_NAME_LENGTH } from '../../outcome.ts';
import { cutText } from '../../text.ts';
import type { DecodeContext, IngestLimits } from '../../types.ts';
import { type AttributeLists, JsonAttributes, toAttributes, WireAttributes } from './attributes.ts';
import type { ScopeRanges } from './export-request.ts';
import { arrayMember, type JsonObject, objectMember, stringMember } from './json.ts';
import type { WireReader } from './wire.ts';

/** A resource and scope, as both the observers and the tables need it. Shared between requests: do not change it. */
export interface Stream {
  readonly origin: Origin;
  /** Halves of `origin.streamId`, for columns. */
  readonly idLow: number;
  readonly idHigh: number;
  /** The resource or scope has a value nested too deep: every record of it is to be refused. */
  readonly isTooDeep: boolean;
  /** Values cut and attributes dropped in resource and scope. */
  readonly cutCount: number;
  readonly droppedCount: number;
  readonly namespace: string;
  readonly instance: string;
  readonly resource: StoredAttributes;
  readonly scope: StoredAttributes;
  readonly resourceUrl: string;
  readonly scopeUrl: string;
}

/** Attributes in the form of the tables. */
interface StoredAttributes {
  readonly keys: readonly string[];
  readonly texts: readonly string[];
  readonly types: string;
}

interface ScopeParts {
  readonly lists: AttributeLists;
  /** Numbers of the lists. */
  readonly resource: number;
  readonly scope: number;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly resourceUrl: string;
  readonly scopeUrl: string;
}

const MAX_ENTRIES = 4096;
const MAX_KEY_BYTES = 16_384;
const MAX_CACHED_BYTES = 8 * 1024 * 1024;
const UNKNOWN_SERVICE = 'unknown_service';

/**
 * Finds out which stream the records of a scope belong to.
 *
 * The same bytes come with every request of a sender, so what was made of them is kept: at most 4096 scopes and 8 MB of
 * keys, after which it starts over.
 */
export class StreamResolver {
  readonly #known = new Map<string, Stream>();
  #knownBytes = 0;
  #limits: IngestLimits | undefined;

  /** The stream of a scope of a protobuf request; writes its row when it is new today. Moves the reader. */
  fromWire(reader: WireReader, ranges: ScopeRanges, context: DecodeContext): Stream {
    if (context.limits !== this.#limits) {
      this.#forget();
      this.#limits = context.limits;
    }
    const key = wireKey(reader, ranges);
    let stream = this.#known.get(key);
    if (stream === undefined) {
      stream = makeStream(wireParts(reader, ranges, context.limits));
      this.#remember(key, stream);
    }
    writeRow(stream, context);
    return stream;
  }

  /**
   * The stream of a scope of a JSON request; writes its row when it is new today.
   *
   * @param group a ResourceLogs, ResourceSpans or ResourceMetrics.
   * @param scopeGroup one of its scopes.
   */
  fromJson(group: JsonObject, scopeGroup: JsonObject, context: DecodeContext): Stream {
    const stream = makeStream(jsonParts(group, scopeGroup, context.limits));
    writeRow(stream, context);
    return stream;
  }

  #remember(key: string, stream: Stream): void {
    if (key.length > MAX_KEY_BYTES) return;
    if (this.#known.size >= MAX_ENTRIES || this.#knownBytes + key.length > MAX_CACHED_BYTES) this.#forget();
    this.#known.set(key, stream);
    this.#knownBytes += key.length;
  }

  #forget(): void {
    this.#known.clear();
    this.#knownBytes = 0;
  }
}

/** The one resolver of the process: a pure cache, shared by all decoders. */
export const streamResolver = new StreamResolver();

/** The bytes of all parts; lengths in front keep the parts apart. */
function wireKey(reader: WireReader, ranges: ScopeRanges): string {
  const { resourceStart, resourceEnd, scopeStart, scopeEnd } = ranges;
  const { resourceUrlStart, resourceUrlEnd, scopeUrlStart, scopeUrlEnd } = ranges;
  return (
    `${resourceEnd - resourceStart} ${scopeEnd - scopeStart} ${resourceUrlEnd - resourceUrlStart} ` +
    reader.binaryText(resourceStart, resourceEnd) +
    reader.binaryText(scopeStart, scopeEnd) +
    reader.binaryText(resourceUrlStart, resourceUrlEnd) +
    reader.binaryText(scopeUrlStart, scopeUrlEnd)
  );
}

/** Resource: `attributes = 1`. InstrumentationScope: `name = 1; version = 2; attributes = 3`. */
function wireParts(reader: WireReader, ranges: ScopeRanges, limits: IngestLimits): ScopeParts {
  const lists = new WireAttributes(reader);
  lists.clear(limits);
  const resource = lists.open();
  addAttributes(reader, lists, 1, ranges.resourceStart, ranges.resourceEnd);
  const scope = lists.open();
  addAttributes(reader, lists, 3, ranges.scopeStart, ranges.scopeEnd);
  let scopeName = '';
  let scopeVersion = '';
  reader.seek(ranges.scopeStart, ranges.scopeEnd);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field !== 1 && field !== 2) {
      reader.skip();
      continue;
    }
    reader.range();
    const text = nameText(reader, reader.start, reader.stop);
    if (field === 1) scopeName = text;
    else scopeVersion = text;
  }
  return {
    lists,
    resource,
    scope,
    scopeName,
    scopeVersion,
    resourceUrl: nameText(reader, ranges.resourceUrlStart, ranges.resourceUrlEnd),
    scopeUrl: nameText(reader, ranges.scopeUrlStart, ranges.scopeUrlEnd),
  };
}

function addAttributes(
  reader: WireReader,
  lists: WireAttributes,
  number: number,
  start: number,
  end: number,
): void {
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field !== number) {
      reader.skip();
      continue;
    }
    reader.range();
    const { stop } = reader;
    lists.add(reader.start, stop);
    reader.seek(stop, end);
  }
}

function nameText(reader: WireReader, start: number, end: number): string {
  return cutText(reader.text(start, Math.min(end, start + MAX_NAME_LENGTH * 4)), MAX_NAME_LENGTH);
}

function jsonParts(group: JsonObject, scopeGroup: JsonObject, limits: IngestLimits): ScopeParts {
  const lists = new JsonAttributes();
  lists.clear(limits);
  const resource = objectMember(group, 'resource') ?? {};
  const scope = objectMember(scopeGroup, 'scope') ?? {};
  return {
    lists,
    resource: lists.add(arrayMember(resource, 'attributes')),
    scope: lists.add(arrayMember(scope, 'attributes')),
    scopeName: cutText(stringMember(scope, 'name'), MAX_NAME_LENGTH),
    scopeVersion: cutText(stringMember(scope, 'version'), MAX_NAME_LENGTH),
    resourceUrl: cutText(stringMember(group, 'schemaUrl', 'schema_url'), MAX_NAME_LENGTH),
    scopeUrl: cutText(stringMember(scopeGroup, 'schemaUrl', 'schema_url'), MAX_NAME_LENGTH),
  };
}

function makeStream(parts: ScopeParts): Stream {
  const { lists } = parts;
  const resource = stored(lists, parts.resource);
  const scope = stored(lists, parts.scope);
  const digest = createHash('sha256')
    .update(canonicalText(resource, scope, parts.scopeName, parts.scopeVersion))
    .digest();
  const name = (key: string) => cutText(resource.texts[resource.keys.indexOf(key)] ?? '', MAX_NAME_LENGTH);
  const { isTooDeep } = lists;
  return {
    origin: {
      streamId: digest.readBigUInt64LE(0),
      serviceName: name('service.name') || UNKNOWN_SERVICE,
      // The plain values of a resource nested too deep are never made: making them would recurse as deep.
      resource: isTooDeep ? { values: new Map(), types: '' } : toAttributes(lists, parts.resource),
      scopeName: parts.scopeName,
      scopeVersion: parts.scopeVersion,
    },
    idLow: digest.readUInt32LE(0),
    idHigh: digest.readUInt32LE(4),
    isTooDeep,
    cutCount: lists.cutCount,
    droppedCount: lists.dropped(parts.resource) + lists.dropped(parts.scope),
    namespace: name('service.namespace'),
    instance: name('service.instance.id'),
    resource,
    scope,
    resourceUrl: parts.resourceUrl,
    scopeUrl: parts.scopeUrl,
  };
}

function stored(lists: AttributeLists, list: number): StoredAttributes {
  const keys: string[] = [];
  const texts: string[] = [];
  for (let i = 0; i < lists.count(list); i++) {
    keys.push(lists.key(list, i));
    texts.push(lists.text(list, i));
  }
  return { keys, texts, types: lists.types(list) };
}

/** Text that is the same for the same resource and scope whatever the order of their attributes, and for no others. */
function canonicalText(
  resource: StoredAttributes,
  scope: StoredAttributes,
  scopeName: string,
  scopeVersion: string,
): string {
  return JSON.stringify([sortedEntries(resource), scopeName, scopeVersion, sortedEntries(scope)]);
}

function sortedEntries({ keys, texts, types }: StoredAttributes): string[][] {
  const entries = keys.map((key, i) => [key, types[i]!, texts[i]!]);
  return entries.sort((a, b) => (a[0]! < b[0]! ? -1 : a[0]! > b[0]! ? 1 : 0));
}

function writeRow(stream: Stream, context: DecodeContext): void {
  if (stream.isTooDeep) return;
  const { origin } = stream;
  if (!context.streams.firstSeen('streams', origin.streamId, startOfDay(context.nowMs))) return;
  const rows = context.batch.streams;
  rows.stream_id.appendParts(stream.idLow, stream.idHigh);
  rows.seen_at.append(Math.floor(context.nowMs / 1000));
  rows.service_name.append(origin.serviceName);
  rows.service_namespace.append(stream.namespace);
  rows.service_instance_id.append(stream.instance);
  appendStored(stream.resource, rows.resource_attributes);
  rows.resource_attribute_types.append(stream.resource.types);
  rows.resource_schema_url.append(stream.resourceUrl);
  rows.scope_name.append(origin.scopeName);
  rows.scope_version.append(origin.scopeVersion);
  appendStored(stream.scope, rows.scope_attributes);
  rows.scope_attribute_types.append(stream.scope.types);
  rows.scope_schema_url.append(stream.scopeUrl);
}

function appendStored(
  attributes: StoredAttributes,
  column: DecodeContext['batch']['streams']['resource_attributes'],
): void {
  for (let i = 0; i < attributes.keys.length; i++) {
    column.keys.append(attributes.keys[i]!);
    column.values.append(attributes.texts[i]!);
  }
  column.close();
}
