import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BellwetherError, DecodeError } from '../../../lib/errors.ts';
import { ProtoWriter } from '../exposition/testing/proto-writer.ts';
import { OPENMETRICS, PROTOBUF } from '../exposition/testing/record.ts';
import { createContext } from '../otlp/metrics-test-kit.ts';
import { DEFAULT_PUSH_LIMITS, PushGroups } from './push-groups.ts';
import { parsePushPath } from './pushgateway.ts';
import { writtenHistograms, writtenMetadata, writtenSamples } from './testing/written.ts';

const NOW_MS = createContext().nowMs;

function push(
  groups: PushGroups,
  method: 'PUT' | 'POST',
  path: string,
  body: string | Uint8Array,
  more = {},
) {
  groups.push({
    method,
    grouping: parsePushPath(path),
    body: typeof body === 'string' ? Buffer.from(body) : body,
    contentType: undefined,
    nowMs: NOW_MS,
    ...more,
  });
}

/** What `writeAll` writes, without the push times. */
function written(groups: PushGroups, withTimes = false): string[] {
  const context = createContext();
  groups.writeAll(context);
  return writtenSamples(context).filter((line) => withTimes || !line.startsWith('push_'));
}

describe('paths of pushes', () => {
  test.each([
    ['/metrics/job/some_job', { job: 'some_job' }],
    ['/metrics/job/some_job/', { job: 'some_job' }],
    ['/metrics/job/j/instance/i/x/y', { job: 'j', instance: 'i', x: 'y' }],
    ['/metrics/job/titan/name/%CE%A0%CF%81%CE%BF', { job: 'titan', name: 'Προ' }],
    ['/metrics/job/titan/name@base64/zqDPgc6_zrzOt864zrXPjc-C', { job: 'titan', name: 'Προμηθεύς' }],
    [
      '/metrics/job/directory_cleaner/path@base64/L3Zhci90bXA',
      { job: 'directory_cleaner', path: '/var/tmp' },
    ],
    [
      '/metrics/job/directory_cleaner/path@base64/L3Zhci90bXA=',
      { job: 'directory_cleaner', path: '/var/tmp' },
    ],
    [
      '/metrics/job/example/first_label@base64/=/second_label/foobar',
      { job: 'example', first_label: '', second_label: 'foobar' },
    ],
    ['/metrics/job@base64/YS9i', { job: 'a/b' }],
    ['/metrics/job/a/x/1/x/2', { job: 'a', x: '2' }],
    ['/metrics/job/a/job/b', { job: 'a' }],
    ['/metrics/job/a%2Fb', { job: 'a/b' }],
  ])('%s', (path, labels) => {
    expect(Object.fromEntries(parsePushPath(path).labels)).toEqual(labels);
  });

  test('the order of labels does not matter', () => {
    expect(parsePushPath('/metrics/job/a/x/1/y/2').key).toBe(parsePushPath('/metrics/job/a/y/2/x/1').key);
    expect(parsePushPath('/metrics/job/a/x/1').key).not.toBe(parsePushPath('/metrics/job/a/x@base64/=').key);
  });

  test.each([
    ['/metrics', 'does not name a job'],
    ['/metrics/', 'does not name a job'],
    ['/metrics/job', 'has no value'],
    ['/metrics/job/', 'has no value'],
    ['/metrics/job//x/y', 'empty value'],
    ['/metrics/job@base64/=', 'the job is empty'],
    ['/metrics/jobs/a', 'does not name a job'],
    ['/metrics/job/a/x', 'has no value'],
    ['/metrics/job/a/x//', 'empty value'],
    ['/metrics/job/a/1x/y', '"1x" in the path is no name for a label'],
    ['/metrics/job/a/__x/y', '"__x" in the path is no name for a label'],
    ['/metrics/job/a/x@base64/a+b', 'not URL-safe base64'],
    ['/metrics/job/a/x@base64/a', 'not URL-safe base64'],
    ['/metrics/job/a/x@base64/_w', 'not URL-safe base64 of UTF-8'],
    ['/metrics/job/%ff', 'not percent-encoded UTF-8'],
    ['/metrics/job/%', 'not percent-encoded UTF-8'],
    [`/metrics/job/${'x'.repeat(9000)}`, 'longer than the limit'],
  ])('%s is refused', (path, message) => {
    expect(() => parsePushPath(path)).toThrow(DecodeError);
    expect(() => parsePushPath(path)).toThrow(message);
  });
});

describe('groups of pushed metrics', () => {
  test('the labels of the path win, times of pushes are written, again and again', () => {
    const groups = new PushGroups();
    push(
      groups,
      'PUT',
      '/metrics/job/j/x/1',
      '# HELP a Help\n# TYPE a gauge\na{x="2",y="3"} 4\nb 5\npush_time_seconds 9\n',
    );
    const expected = [
      'a{job="j",x="1",y="3"} 4',
      'b{job="j",x="1"} 5',
      `push_time_seconds{job="j",x="1"} ${NOW_MS / 1000}`,
      'push_failure_time_seconds{job="j",x="1"} 0',
    ];
    expect(written(groups, true)).toEqual(expected);
    expect(written(groups, true)).toEqual(expected);
    const context = createContext();
    expect(groups.writeGroup(parsePushPath('/metrics/job/j/x/1'), context)).toMatchObject({
      accepted: 4,
      rejected: 0,
    });
    expect(writtenMetadata(context)).toContainEqual(['a', 'gauge', '', 'Help']);
    expect(groups.writeGroup(parsePushPath('/metrics/job/other'), createContext()).accepted).toBe(0);
  });

  test('PUT replaces the group, POST metrics of the same names; what is gone is ended', () => {
    const groups = new PushGroups();
    const summary = '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\n';
    push(groups, 'PUT', '/metrics/job/j', `a{k="1"} 1\na{k="2"} 2\n${summary}b 4\n`);
    push(groups, 'POST', '/metrics/job/j', 'a{k="1"} 10\nc 5\n# TYPE s summary\ns_sum 6\n');
    const before = written(groups);
    expect(before.filter((line) => line.endsWith('stale')).sort()).toEqual([
      'a{job="j",k="2"} stale',
      's_count{job="j"} stale',
      's{job="j",quantile="0.5"} stale',
    ]);
    const after = ['a{job="j",k="1"} 10', 'b{job="j"} 4', 'c{job="j"} 5', 's_sum{job="j"} 6'];
    expect(before.filter((line) => !line.endsWith('stale')).sort()).toEqual(after);
    expect(written(groups).sort()).toEqual(after);
    push(groups, 'PUT', '/metrics/job/j', 'd 1\n');
    expect(written(groups)).toHaveLength(5);
    expect(written(groups)).toEqual(['d{job="j"} 1']);
    push(groups, 'POST', '/metrics/job/j', '');
    expect(written(groups)).toEqual(['d{job="j"} 1']);
    push(groups, 'PUT', '/metrics/job/j', '');
    expect(written(groups, true)).toEqual([
      'd{job="j"} stale',
      expect.stringMatching(/^push_t/),
      expect.stringMatching(/^push_f/),
    ]);
  });

  test('a series that comes back before it was ended is not ended', () => {
    const groups = new PushGroups();
    push(groups, 'PUT', '/metrics/job/j', 'a 1\n');
    groups.delete(parsePushPath('/metrics/job/j'));
    push(groups, 'PUT', '/metrics/job/j', 'a 2\n');
    expect(written(groups)).toEqual(['a{job="j"} 2']);
  });

  test('DELETE forgets the group and ends its series once', () => {
    const groups = new PushGroups();
    push(groups, 'PUT', '/metrics/job/j', 'a 1\n');
    push(groups, 'PUT', '/metrics/job/k', 'a 1\n');
    expect(groups.delete(parsePushPath('/metrics/job/j'))).toBe(true);
    expect(groups.delete(parsePushPath('/metrics/job/j'))).toBe(false);
    expect(written(groups, true)).toEqual([
      'a{job="j"} stale',
      'push_time_seconds{job="j"} stale',
      'push_failure_time_seconds{job="j"} stale',
      'a{job="k"} 1',
      `push_time_seconds{job="k"} ${NOW_MS / 1000}`,
      'push_failure_time_seconds{job="k"} 0',
    ]);
    expect(written(groups)).toEqual(['a{job="k"} 1']);
    groups.wipe();
    expect([groups.size, groups.seriesCount]).toEqual([0, 0]);
  });

  test.each([
    ['a 1 1234567\n', 'must not have times, a has one'],
    ['a{x="1"} 1\na{x="2"} 2\n', 'was pushed twice, with the labels of the path'],
    ['# TYPE t counter\nt{y="1"} 1\n', 't is counter here and gauge in the group {job="other"}'],
    ['dup{z="1"} 1\n', 'dup", job="j", x="1", z="1"} was already pushed to the group {job="j", z="1"}'],
  ])('%j is inconsistent: nothing is kept but the time', (body, message) => {
    const groups = new PushGroups();
    push(groups, 'PUT', '/metrics/job/other', '# TYPE t gauge\nt 1\n');
    push(groups, 'PUT', '/metrics/job/j/z/1', 'dup{x="1"} 1\n');
    push(groups, 'PUT', '/metrics/job/j/x/1', 'kept 1\n', { nowMs: NOW_MS - 1000 });
    const kept = written(groups);
    expect(() => push(groups, 'PUT', '/metrics/job/j/x/1', body)).toThrow(DecodeError);
    expect(() => push(groups, 'POST', '/metrics/job/j/x/1', body)).toThrow(message);
    expect(written(groups)).toEqual(kept);
    expect(written(groups, true)).toContain(`push_failure_time_seconds{job="j",x="1"} ${NOW_MS / 1000}`);
    expect(written(groups, true)).toContain(`push_time_seconds{job="j",x="1"} ${NOW_MS / 1000 - 1}`);
  });

  test('a series of a metric that POST leaves alone cannot come again under another', () => {
    const groups = new PushGroups();
    push(groups, 'PUT', '/metrics/job/j', '# TYPE s summary\ns_sum 1\n');
    expect(() => push(groups, 'POST', '/metrics/job/j', 's_sum 2\n')).toThrow(
      'was already pushed to the group',
    );
    expect(() => push(groups, 'PUT', '/metrics/job/j', 's_sum 2\n')).not.toThrow();
  });

  test('malformed pushes leave no trace', () => {
    const groups = new PushGroups();
    expect(() => push(groups, 'PUT', '/metrics/job/j', 'a{\n')).toThrow('line 1: ');
    expect(groups.size).toBe(0);
  });

  test('limits', () => {
    const groups = new PushGroups({ limits: { ...DEFAULT_PUSH_LIMITS, groups: 2, series: 3 } });
    push(groups, 'PUT', '/metrics/job/a', 'x 1\ny 1\n');
    push(groups, 'PUT', '/metrics/job/b', 'x 1\n');
    expect(() => push(groups, 'PUT', '/metrics/job/c', 'x 1\n')).toThrow('beyond the limit of 2 groups');
    expect(() => push(groups, 'POST', '/metrics/job/b', 'y 1\n')).toThrow(BellwetherError);
    expect(() => push(groups, 'POST', '/metrics/job/b', 'y 1\n')).toThrow('beyond the limit of 3 series');
    expect(() => push(groups, 'PUT', '/metrics/job/b', 'y 1\n')).not.toThrow();
    const small = new PushGroups({ limits: { ...DEFAULT_PUSH_LIMITS, labelCharacters: 100 } });
    expect(() => push(small, 'PUT', '/metrics/job/a', `x{y="${'z'.repeat(100)}"} 1\n`)).toThrow(
      '100 characters',
    );
    for (let run = 0; run < 50; run++) push(small, 'PUT', '/metrics/job/a', `x{y="${run}"} 1\n`);
  });

  test('OpenMetrics and protobuf, native histograms; kept over a restart', () => {
    const groups = new PushGroups();
    push(
      groups,
      'PUT',
      '/metrics/job/o',
      '# TYPE c counter\nc_total NaN\nc_created 5\n# TYPE i info\ni_info -Inf\n# EOF\n',
      {
        contentType: OPENMETRICS,
      },
    );
    push(groups, 'POST', '/metrics/job/o', '# TYPE c counter\nc_total 2\n# EOF\n', {
      contentType: OPENMETRICS,
    });
    const page = new ProtoWriter();
    page.message(undefined, (family) => {
      family.text(1, 'n').varint(3, 4);
      family.message(4, (metric) =>
        metric.message(7, (histogram) => {
          histogram.varint(1, 4).double(2, Number.NaN).packedZigzag(13, [1, 1]);
          histogram.message(12, (span) => span.zigzag(1, -3).varint(2, 2));
        }),
      );
    });
    push(groups, 'PUT', '/metrics/job/p', page.bytes(), { contentType: PROTOBUF });
    const restored = new PushGroups();
    restored.restore(JSON.parse(JSON.stringify(groups.snapshot())));
    expect(restored.groups()).toEqual(groups.groups());
    expect(restored.seriesCount).toBe(groups.seriesCount);
    const context = createContext();
    restored.writeAll(context);
    expect(writtenHistograms(context)).toEqual(['n{job="p"} 4']);
    expect(writtenSamples(context).filter((line) => !line.startsWith('push'))).toEqual([
      'i_info{job="o"} -Infinity',
      'c_total{job="o"} 2',
    ]);
    restored.delete(parsePushPath('/metrics/job/p'));
    const after = createContext();
    restored.writeAll(after);
    expect(writtenHistograms(after)).toEqual(['n{job="p"} stale']);
  });

  test('a snapshot that is none is refused and changes nothing', () => {
    const groups = new PushGroups();
    push(groups, 'PUT', '/metrics/job/j', 'a 1\n');
    const snapshot = groups.snapshot();
    for (const bad of [
      null,
      [],
      {},
      { version: 2, groups: [] },
      { version: 1 },
      { version: 1, groups: [{}] },
    ]) {
      expect(() => groups.restore(bad)).toThrow(DecodeError);
    }
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(() => groups.restore(value)).toThrow(DecodeError);
      }),
    );
    expect(groups.snapshot()).toEqual(snapshot);
  });

  test('after any pushes and deletes the count of series and the written samples agree', () => {
    const names = ['a', 'b', 'c_sum'];
    const body = fc
      .subarray(names.flatMap((name) => ['1', '2'].map((value) => `${name}{x="${value}"} 1\n`)))
      .map((lines) => lines.join(''));
    const step = fc.tuple(
      fc.constantFrom('PUT', 'POST', 'DELETE'),
      fc.constantFrom('/metrics/job/j', '/metrics/job/j/x/1', '/metrics/job/k'),
      body,
      fc.constantFrom('', '# TYPE c summary\n'),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const groups = new PushGroups();
        for (const [method, path, text, type] of steps) {
          if (method === 'DELETE') groups.delete(parsePushPath(path));
          else {
            try {
              push(groups, method, path, type + text);
            } catch (error) {
              expect(error).toBeInstanceOf(DecodeError);
            }
          }
        }
        written(groups);
        const lines = written(groups);
        expect(new Set(lines).size).toBe(lines.length);
        expect(lines).toHaveLength(groups.seriesCount);
      }),
    );
  });
});
