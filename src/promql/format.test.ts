import { expect, test } from 'vitest';
import { format } from './format.ts';
import { parse } from './parse.ts';
import { SIGNATURES } from './testing/signatures.ts';

const formatted = (text: string) =>
  format(
    parse(text, {
      functions: (name) => SIGNATURES.get(name),
      hasExperimentalFunctions: true,
      hasDurationExpressions: true,
      hasFillModifiers: true,
    }),
  );

test('what fits in a line stays there', () => {
  expect(formatted('sum( rate(a{ c="d" , b="a"}[ 5m ]) )by(x)')).toBe(
    'sum by (x) (rate(a{b="a",c="d"}[5m]))',
  );
  expect(formatted('a*on()group_left b')).toBe('a * on () group_left () b');
  expect(formatted('a + ignoring() b')).toBe('a + b');
  expect(formatted('a + fill_right(2) fill_left(2) b')).toBe('a + fill (2) b');
  expect(formatted('sum without() (a)')).toBe('sum without () (a)');
});

test('a long sum is split at its operators', () => {
  const selector = 'a_metric_with_a_long_name{job="a-job-with-a-long-name"}';
  expect(formatted(`sum by (job) (rate(${selector}[5m])) / on (job) group_left (x) ${selector}`)).toBe(
    `  sum by (job) (rate(${selector}[5m]))
/ on (job) group_left (x)
  ${selector}`,
  );
});

test('long arguments stand each on a line of its own', () => {
  const selector = 'up{instance="an-instance-of-some-length",job="api-server",service="a:c"}';
  expect(formatted(`-label_replace(${selector}, "foo", "$1", "service", "(.*):.*")`)).toBe(
    `-label_replace(
  ${selector},
  "foo",
  "$1",
  "service",
  "(.*):.*"
)`,
  );
  expect(formatted(`topk(10, (label_replace(${selector}, "foo", "$1", "service", "(.*):.*")))`)).toBe(
    `topk(
  10,
  (
    label_replace(
      ${selector},
      "foo",
      "$1",
      "service",
      "(.*):.*"
    )
  )
)`,
  );
});

test('the range of a long subquery follows its last line', () => {
  const selector =
    'a_metric_with_a_long_name{instance="an-instance-of-some-length",job="a-job-with-a-long-name"}';
  expect(formatted(`max_over_time((${selector} + ${selector})[1h:5m] offset 1m)`)).toBe(
    `max_over_time(
  (
      ${selector}
    +
      ${selector}
  )[1h:5m] offset 1m
)`,
  );
});
