import { Link } from '@tanstack/react-router';
import {
  CodeBlock,
  CopyButton,
  Facts,
  SidePanel,
  SideSection,
  useShownZone,
} from '../../components/index.ts';
import { formatAbsolute, formatCount, formatDuration, missing } from '../../lib/format.ts';
import type { LabelSet } from '../explore/prometheus.ts';
import { seriesText } from '../explore/series-text.ts';
import { targetHint } from './hints.ts';
import { HealthDot } from './pool-panel.tsx';
import { type ActiveTarget, scrapedAtMs, targetKey } from './target-data.ts';
import css from './targets.module.css';

/** One target in full: its error with what to do, its labels, and what discovery said before relabelling. */
export function TargetPanel(props: {
  target: ActiveTarget;
  samples: ReadonlyMap<string, number> | undefined;
  contentKey: string;
  onClose: () => void;
  onNext?: () => void;
  onPrevious?: () => void;
}) {
  const { target } = props;
  const zone = useShownZone();
  const atMs = scrapedAtMs(target);
  const hint = targetHint(target.lastError);
  return (
    <SidePanel
      title={target.labels.instance ?? target.scrapeUrl}
      subtitle={<HealthDot target={target} pill />}
      contentKey={props.contentKey}
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
    >
      {target.lastError && (
        <SideSection title="Error">
          <p className={css.panelError}>{target.lastError}</p>
          {hint && <p className={css.faint}>{hint}</p>}
        </SideSection>
      )}
      <SideSection title="Scrape">
        <Facts
          facts={[
            { name: 'Address', value: <Address url={target.scrapeUrl} />, mono: true },
            { name: 'Pool', value: target.scrapePool },
            { name: 'Last scrape', value: atMs === null ? 'never' : formatAbsolute(atMs, zone) },
            {
              name: 'Took',
              value: atMs === null ? missing : formatDuration(target.lastScrapeDuration * 1000),
            },
            { name: 'Samples', value: formatCount(props.samples?.get(targetKey(target.labels))) },
            { name: 'Interval', value: target.scrapeInterval },
            { name: 'Timeout', value: target.scrapeTimeout },
          ]}
        />
      </SideSection>
      <SideSection
        title="Labels"
        actions={
          <Link className={css.link} to="/explore/metrics" search={{ q: healthQuery(target.labels) }}>
            Show its health over time
          </Link>
        }
      >
        <Facts facts={factsOf(target.labels)} />
      </SideSection>
      <SideSection title="Discovered labels">
        <Facts facts={factsOf(target.discoveredLabels)} />
      </SideSection>
      {target.globalUrl !== target.scrapeUrl && (
        <SideSection title="Address for others">
          <CodeBlock label="Address for others" text={target.globalUrl} />
        </SideSection>
      )}
    </SidePanel>
  );
}

/** Text and a copy button rather than a link: the server can reach the target, this browser often cannot. */
function Address({ url }: { url: string }) {
  return (
    <span className={css.address}>
      {url}
      <CopyButton text={url} label="Copy the address" variant="quiet" iconOnly />
    </span>
  );
}

function healthQuery(labels: LabelSet): string {
  const { job = '', instance = '' } = labels;
  return seriesText({ __name__: 'up', ...(job && { job }), ...(instance && { instance }) });
}

function factsOf(labels: LabelSet): { name: string; value: string; mono: true }[] {
  return Object.entries(labels).map(([name, value]) => ({ name, value, mono: true }));
}
