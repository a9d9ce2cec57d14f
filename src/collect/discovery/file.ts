import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LineCounter } from 'yaml';
import { messageOf } from '../../lib/errors.ts';
import type { FileDiscoveryConfig } from '../config/discovery-config.ts';
import { filesMatching, parseTextDocument } from '../config/prometheus-file.ts';
import type { TargetGroup } from '../target-group.ts';
import {
  type Discovery,
  type DiscoveryParts,
  MAX_DISCOVERY_BYTES,
  parseGroups,
  RefreshingDiscovery,
} from './discovery.ts';

/** Changes within this time are read together: an editor writes more than once. */
const SETTLE_MS = 100;

/**
 * Targets from JSON and YAML files. They are read again when their folder changes and every `refresh_interval`. A file that cannot be
 * read or understood keeps its last good content; one that is gone has no targets.
 */
export function fileDiscovery(config: FileDiscoveryConfig, parts: DiscoveryParts): Discovery {
  const reader = new FileReader(config.files, parts);
  const inner = new RefreshingDiscovery(parts, {
    kind: 'file',
    intervalMs: config.refreshIntervalMs,
    refresh: () => reader.read(),
  });
  const watchFolder = parts.watchFolder ?? watchWithNode;
  let stops: (() => void)[] = [];
  let cancel = () => {};
  const onChange = () => {
    cancel();
    cancel = parts.clock.after(SETTLE_MS, () => inner.refreshSoon());
  };
  return {
    start(update) {
      for (const folder of new Set(config.files.map((file) => dirname(file)))) {
        try {
          stops.push(watchFolder(folder, onChange));
        } catch (error) {
          const fields = { job: parts.jobName, folder, error: messageOf(error) };
          parts.log.warn(fields, 'the folder cannot be watched; its files are read every refresh_interval');
        }
      }
      inner.start(update);
    },
    stop() {
      cancel();
      for (const stop of stops) stop();
      stops = [];
      inner.stop();
    },
    get lastError() {
      return inner.lastError ?? reader.lastError;
    },
  };
}

class FileReader {
  readonly #patterns: readonly string[];
  readonly #parts: DiscoveryParts;
  #good = new Map<string, readonly TargetGroup[]>();
  #errors = new Map<string, string>();

  constructor(patterns: readonly string[], parts: DiscoveryParts) {
    this.#patterns = patterns;
    this.#parts = parts;
  }

  get lastError(): string | undefined {
    return this.#errors.values().next().value;
  }

  async read(): Promise<readonly TargetGroup[]> {
    const good = new Map<string, readonly TargetGroup[]>();
    const errors = new Map<string, string>();
    for (const file of new Set(this.#patterns.flatMap(filesMatching))) {
      try {
        good.set(file, await readGroups(file));
      } catch (error) {
        good.set(file, this.#good.get(file) ?? []);
        errors.set(file, `${file}: ${messageOf(error)}`);
      }
    }
    for (const [file, error] of errors) {
      if (this.#errors.get(file) === error) continue;
      this.#parts.log.warn(
        { job: this.#parts.jobName, file, error },
        'file discovery: the last good content stays',
      );
    }
    this.#good = good;
    this.#errors = errors;
    return [...good.values()].flat();
  }
}

async function readGroups(file: string): Promise<TargetGroup[]> {
  const text = await readFile(file, 'utf8');
  if (text.length > MAX_DISCOVERY_BYTES) throw new Error(`larger than ${MAX_DISCOVERY_BYTES} bytes`);
  const value: unknown = file.toLowerCase().endsWith('.json') ? JSON.parse(text) : parseYaml(text);
  return parseGroups(value, (index) => `${file}:${index}`, { __meta_filepath: file });
}

function parseYaml(text: string): unknown {
  const document = parseTextDocument(text, new LineCounter());
  const error = document.errors[0];
  if (error !== undefined) throw error;
  return document.toJS({ maxAliasCount: 100 });
}

function watchWithNode(folder: string, onChange: () => void): () => void {
  const watcher: FSWatcher = watch(folder, { persistent: false }, onChange);
  // The folder went away: the interval finds it again when it comes back.
  watcher.on('error', () => watcher.close());
  return () => watcher.close();
}
