import { request } from 'node:http';
import type { EngineHealth } from './options.ts';

const HEALTH_BYTES_MAX = 64 * 1024;

/** Asks the engine's process for its health, over a connection of its own. Rejects when there is no answer in time. */
export async function fetchHealth(socketPath: string, timeoutMs: number): Promise<EngineHealth> {
  return await new Promise<EngineHealth>((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const asked = request({ socketPath, path: '/health', agent: false, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < HEALTH_BYTES_MAX) text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode !== 200)
          reject(new Error(`status ${response.statusCode}: ${text.slice(0, 200)}`));
        else resolve(JSON.parse(text) as EngineHealth);
      });
    });
    asked.once('error', reject);
    asked.end();
  });
}
