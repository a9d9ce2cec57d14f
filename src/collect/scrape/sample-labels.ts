import { DecodeError } from '../../lib/errors.ts';
import { isPlainLabelName, isPlainMetricName, type Labels, METRIC_NAME } from '../../model/labels.ts';
import type { ScrapeConfig } from '../config/index.ts';
import { LabelBuilder, relabel } from '../relabel.ts';

/**
 * Labels of a series as they are stored: with those of its target, and relabelled. Undefined when relabelling drops it.
 *
 * @throws DecodeError when nothing of the page may be taken: no name, names that are not allowed, a label limit.
 */
export function sampleLabels(exposed: Labels, target: Labels, job: ScrapeConfig): Labels | undefined {
  const merged = withTargetLabels(exposed, target, job.honorLabels);
  const labels = relabel(merged, job.metricRelabelRules);
  if (labels === undefined || labels.size === 0) return undefined;
  if (!labels.has(METRIC_NAME)) throw new DecodeError('missing metric name (__name__ label)');
  if (job.nameValidation === 'legacy' && !isLegacy(labels))
    throw new DecodeError(`invalid metric name or label names: ${labels.toString()}`);
  checkLimits(labels, job);
  return labels;
}

function withTargetLabels(exposed: Labels, target: Labels, isExposedStronger: boolean): Labels {
  const builder = new LabelBuilder(exposed);
  const conflicts: (readonly [name: string, value: string])[] = [];
  for (const [name, value] of target.entries()) {
    const present = exposed.get(name);
    if (present !== '' && isExposedStronger) continue;
    if (present !== '') conflicts.push([name, present]);
    builder.set(name, value);
  }
  // Shorter names first, so that an exposed `exported_job` keeps its place before the new one is sought.
  for (const [name, value] of conflicts.sort((a, b) => a[0].length - b[0].length)) {
    let exported = `exported_${name}`;
    while (builder.get(exported) !== '') exported = `exported_${exported}`;
    builder.set(exported, value);
  }
  return builder.labels();
}

function isLegacy(labels: Labels): boolean {
  return labels.names.every(isPlainLabelName) && isPlainMetricName(labels.metric);
}

function checkLimits(labels: Labels, { limits }: ScrapeConfig): void {
  const metric = labels.metric.slice(0, 50);
  if (limits.labels > 0 && labels.size > limits.labels)
    throw new DecodeError(
      `label_limit exceeded (metric: ${metric}, number of labels: ${labels.size}, limit: ${limits.labels})`,
    );
  if (limits.labelNameLength === 0 && limits.labelValueLength === 0) return;
  for (const [name, value] of labels.entries()) {
    checkLength(
      name,
      limits.labelNameLength,
      () => `label_name_length_limit exceeded (metric: ${metric}, label name: ${name.slice(0, 50)}`,
    );
    checkLength(
      value,
      limits.labelValueLength,
      () =>
        `label_value_length_limit exceeded (metric: ${metric}, label name: ${name.slice(0, 50)}, value: ${JSON.stringify(value.slice(0, 50))}`,
    );
  }
}

function checkLength(text: string, limit: number, message: () => string): void {
  if (limit === 0) return;
  const lengthBytes = Buffer.byteLength(text);
  if (lengthBytes > limit) throw new DecodeError(`${message()}, length: ${lengthBytes}, limit: ${limit})`);
}
