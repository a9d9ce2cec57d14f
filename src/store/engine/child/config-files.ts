import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineLimits } from '../options.ts';

const MIB = 1024 * 1024;

/** The engine's server configuration. Caches and pools are small: the whole product idles below 500 MB. */
export function serverConfig(limits: EngineLimits, usersPath: string): string {
  const markCache = Math.min(256 * MIB, Math.floor(limits.memoryBytes / 16));
  return xml({
    logger: { level: 'fatal' },
    users_config: usersPath,
    max_server_memory_usage: limits.memoryBytes,
    mark_cache_size: markCache,
    index_mark_cache_size: Math.floor(markCache / 4),
    uncompressed_cache_size: 0,
    index_uncompressed_cache_size: 0,
    compiled_expression_cache_size: 16 * MIB,
    background_pool_size: limits.mergeThreads,
    // One thread, several merges under way, small ones first: parts stay few without a core more.
    background_merges_mutations_concurrency_ratio: 4,
    background_merges_mutations_scheduling_policy: 'shortest_task_first',
    // Merges take what inserts and queries leave; without the right to change priorities this does nothing.
    os_threads_nice_value_merge_mutate: 10,
    // Without a matching case LZ4, which is so for what is inserted (size 0). ZSTD pays off once data is merged and stays.
    compression: {
      case: { min_part_size: 1, min_part_size_ratio: 0, method: 'zstd', level: 1 },
    },
    background_common_pool_size: 2,
    background_schedule_pool_size: 4,
    background_move_pool_size: 1,
    background_fetches_pool_size: 1,
    max_thread_pool_size: 500,
    max_thread_pool_free_size: 8,
    // Must fit into the few places of the small pool above.
    merge_tree: {
      number_of_free_entries_in_pool_to_lower_max_size_of_merge: 2,
      number_of_free_entries_in_pool_to_execute_mutation: 2,
      number_of_free_entries_in_pool_to_execute_optimize_entire_partition: 2,
    },
  });
}

/** The settings every query starts with. */
export function usersConfig(limits: EngineLimits): string {
  return xml({
    profiles: {
      default: {
        max_memory_usage: limits.queryMemoryBytes,
        max_execution_time: limits.queryTimeS,
        // A memory-mapped file that somebody cuts short would kill the process.
        storage_file_read_method: 'pread',
        implicit_select: 0,
        allow_introspection_functions: 0,
        // Data that is inserted comes from files, so the engine must not gather it once more.
        async_insert: 0,
      },
    },
    users: {
      default: {
        password: '',
        networks: { ip: '::/0' },
        profile: 'default',
        quota: 'default',
        access_management: 1,
      },
    },
    quotas: { default: '' },
  });
}

/** Writes both files and returns the argument that makes the engine read them. */
export function writeConfigFiles(directory: string, limits: EngineLimits): string[] {
  const usersPath = join(directory, 'users.xml');
  const configPath = join(directory, 'engine.xml');
  writeFileSync(usersPath, usersConfig(limits), { mode: 0o600 });
  writeFileSync(configPath, serverConfig(limits, usersPath), { mode: 0o600 });
  return [`--config-file=${configPath}`];
}

type Tree = { readonly [name: string]: string | number | Tree };

function xml(tree: Tree): string {
  return `<clickhouse>\n${branches(tree, '  ')}</clickhouse>\n`;
}

function branches(tree: Tree, indent: string): string {
  return Object.entries(tree)
    .map(([name, value]) =>
      typeof value === 'object'
        ? `${indent}<${name}>\n${branches(value, `${indent}  `)}${indent}</${name}>\n`
        : `${indent}<${name}>${escapeXml(String(value))}</${name}>\n`,
    )
    .join('');
}

function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`);
}
