import { useNow } from '../lib/clock.ts';
import { formatAbsolute, formatAge, formatRelative } from '../lib/format.ts';
import { useShownZone } from './zone.ts';

/** Ages move on in steps of this length. */
const stepMs = 5000;

/** `5m ago`, with the absolute time and its zone in the title. */
export function TimeAgo(props: { at: string | number /** Without `ago`, for columns. */; short?: boolean }) {
  const nowMs = useNow(stepMs);
  const zone = useShownZone();
  const atMs = typeof props.at === 'number' ? props.at : Date.parse(props.at);
  if (!Number.isFinite(atMs)) return null;
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatAbsolute(atMs, zone)}>
      {props.short ? formatAge(atMs, nowMs) : formatRelative(Math.min(atMs, nowMs), nowMs)}
    </time>
  );
}

/** The age of what is shown, once it is older than two refreshes or a refresh failed. Until then there is nothing to say. */
export function Freshness(props: { updatedAtMs: number; everyMs: number | false; failing?: boolean }) {
  const nowMs = useNow(stepMs);
  const zone = useShownZone();
  const isOld =
    props.everyMs !== false && props.updatedAtMs > 0 && nowMs - props.updatedAtMs > 2 * props.everyMs;
  if (!isOld && !props.failing) return null;
  return (
    <span role="status" title={formatAbsolute(props.updatedAtMs, zone)}>
      {props.failing ? 'Refresh failed, showing data from ' : 'Updated '}
      {formatRelative(props.updatedAtMs, nowMs)}
    </span>
  );
}
