import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { engineEntry, placesIn } from './places.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bellwether-places-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('puts the socket into the data directory', () => {
  const places = placesIn(join(root, 'data'));
  expect(places.socketPath).toBe(join(root, 'data', 'run', 'engine.sock'));
  expect(places.spoolDir).toBe(join(root, 'data', 'spool'));
  expect(statSync(places.runDir).mode & 0o777).toBe(0o700);
});

it('goes to a private temporary directory when the path is too long for a socket, and cleans up', () => {
  const places = placesIn(join(root, 'd'.repeat(120)));
  expect(Buffer.byteLength(places.socketPath)).toBeLessThanOrEqual(103);
  expect(statSync(dirname(places.socketPath)).mode & 0o777).toBe(0o700);
  places.remove();
  expect(existsSync(dirname(places.socketPath))).toBe(false);
});

it.each(['a*', 'a?', 'a{b}', 'a,b'])('refuses the path %s, which the engine would expand', (name) => {
  expect(() => placesIn(join(root, name))).toThrow(expect.objectContaining({ code: 'data_dir_unusable' }));
});

it('says how to build what is missing', () => {
  expect(() => engineEntry(`file://${root}/src/store/engine/places.ts`)).toThrow(
    expect.objectContaining({
      code: 'engine_not_built',
      hint: expect.stringContaining('tsconfig.build.json'),
    }),
  );
});
