import { ChartLine } from 'lucide-react';
import { Button, CodeBlock, EmptyState, Panel, TimeAgo } from '../../components/index.ts';
import { useOnboarding, useSources } from '../../lib/queries.ts';
import { useMetadata, useMetricNames } from './metric-queries.ts';
import { kindOf, quickActions } from './quick-actions.ts';
import { startMetrics } from './starters.ts';
import css from './views.module.css';

/** Nothing was asked yet: a few questions that this server can answer. */
export function NothingAsked(props: { onPick: (expr: string) => void; onBrowse: (() => void) | null }) {
  const names = useMetricNames();
  const metadata = useMetadata();
  const starters = startMetrics(names.data ?? []).flatMap((metric) => {
    const kind = kindOf(metric, (family) => metadata.data?.get(family)?.type);
    const [first] = quickActions({ metric, kind, by: null });
    return first === undefined ? [] : [{ metric, expr: first.expr }];
  });
  return (
    <EmptyState
      title="Choose a metric, or write an expression."
      icon={<ChartLine aria-hidden />}
      action={
        props.onBrowse !== null && (
          <Button variant="primary" onClick={props.onBrowse}>
            Browse metrics
          </Button>
        )
      }
    >
      <p>Enter runs it, shift and Enter breaks the line, control and space completes names and labels.</p>
      {starters.length > 0 && (
        <ul className={css.starters} aria-label="Examples">
          {starters.map(({ metric, expr }) => (
            <li key={metric}>
              <button type="button" className={css.starter} onClick={() => props.onPick(expr)}>
                <code>{expr}</code>
              </button>
            </li>
          ))}
        </ul>
      )}
    </EmptyState>
  );
}

/** No metric at all: what to send and how, and what did arrive. */
export function NoMetrics() {
  const onboarding = useOnboarding();
  const origin = location.origin;
  const otlp = onboarding.data?.otlp_http_url ?? 'http://localhost:4318';
  return (
    <>
      <EmptyState title="No metric has arrived yet." icon={<ChartLine aria-hidden />}>
        This page fills itself with the first one. Send metrics in any of these ways:
      </EmptyState>
      <div className={css.ways}>
        <Panel title="OpenTelemetry">
          <CodeBlock
            label="Environment of an OpenTelemetry program"
            text={`export OTEL_METRICS_EXPORTER=otlp\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_ENDPOINT=${otlp}`}
          />
        </Panel>
        <Panel title="A Prometheus that is there already">
          <CodeBlock
            label="Remote write in prometheus.yml"
            text={`remote_write:\n  - url: ${origin}/api/v1/write`}
          />
        </Panel>
        <Panel title="Scraping from here">
          <CodeBlock
            label="Scrape configuration in bellwether.yml"
            text={
              "scrape_configs:\n  - job_name: node\n    static_configs:\n      - targets: ['localhost:9100']"
            }
          />
        </Panel>
        <LatestArrivals />
      </div>
    </>
  );
}

const mostArrivals = 5;

function LatestArrivals() {
  const sources = useSources();
  const latest = [...(sources.data?.sources ?? [])]
    .sort((a, b) => b.last_seen.localeCompare(a.last_seen))
    .slice(0, mostArrivals);
  return (
    <Panel title="What arrived last">
      {latest.length === 0 ? (
        <p className={css.quiet}>Nothing of any kind yet.</p>
      ) : (
        <ul className={css.arrivals}>
          {latest.map((source) => (
            <li key={source.id}>
              <span>
                {source.signal} of {source.service || source.address}
              </span>
              <span className={css.quiet}>
                <TimeAgo at={source.last_seen} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
