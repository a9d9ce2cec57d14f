import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { fingerprintOf } from './fingerprint.ts';

/** The plain definition, slow. */
function reference(labels: Labels): string {
  const bytes = [...labels.entries()].flatMap(([name, value]) => [
    ...new TextEncoder().encode(name),
    0xff,
    ...new TextEncoder().encode(value),
    0xff,
  ]);
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, '0');
}

test('fingerprints are those of Prometheus', () => {
  expect(fingerprintOf(Labels.EMPTY)).toBe('cbf29ce484222325');
  // A value from the tests of Prometheus's own library.
  const known = Labels.fromObject({ name: 'garland, briggs', fear: 'love is not enough' });
  expect(BigInt(`0x${fingerprintOf(known)}`)).toBe(5799056148416392346n);
});

test('fingerprints agree with the definition, whatever the characters', () => {
  const samples: Record<string, string>[] = [
    { alertname: 'HighLoad', instance: 'web-1:9100', severity: 'critical' },
    { größe: 'ñandú', 'with blank': '日本語 and ascii', emoji: '🔥x' },
    { a: '\u007f\u0080', z: '~'.repeat(300) },
  ];
  for (const labels of samples)
    expect(fingerprintOf(Labels.fromObject(labels))).toBe(reference(Labels.fromObject(labels)));
});
