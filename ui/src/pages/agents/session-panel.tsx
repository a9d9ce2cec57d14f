import type { Session } from '@contract';
import {
  CopyButton,
  DemoBadge,
  Facts,
  SessionStateDot,
  SidePanel,
  SideSection,
  TimeAgo,
  useShownZone,
} from '../../components/index.ts';
import {
  formatAbsolute,
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatUsdExact,
} from '../../lib/format.ts';
import { cacheHit, sessionTitle, spanMs, totalTokens } from '../figures.ts';
import { SessionLink } from '../links.tsx';
import { TokenBar } from '../session/token-bar.tsx';
import css from './agents.module.css';

/** The summary of a session beside the list. */
export function SessionPanel(props: {
  session: Session;
  onClose: () => void;
  onNext?: () => void;
  onPrevious?: () => void;
  onOpen: () => void;
}) {
  const { session } = props;
  return (
    <SidePanel
      title={sessionTitle(session)}
      subtitle={
        <>
          <SessionStateDot state={session.state} pill />
          {session.demo && <DemoBadge />}
          <span>
            last event <TimeAgo at={session.last_event_at} />
          </span>
        </>
      }
      contentKey={session.session_id}
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
      onOpen={props.onOpen}
      openLabel="Open session"
    >
      <div className={css.panelCost}>
        <span title={formatUsdExact(session.cost_usd)}>{formatCost(session)}</span>
        <SessionLink sessionId={session.session_id} className={css.openLink}>
          Open timeline
        </SessionLink>
      </div>
      <SideSection title={`${formatCount(totalTokens(session))} tokens`}>
        <TokenBar figures={session} />
      </SideSection>
      <Work session={session} />
      <Identity session={session} />
    </SidePanel>
  );
}

function Work({ session }: { session: Session }) {
  return (
    <SideSection title="Work">
      <Facts
        facts={[
          {
            name: 'Active time',
            value: `${formatDuration(session.active_time_s * 1000)} of ${formatDuration(spanMs(session))}`,
          },
          { name: 'Prompts', value: formatCount(session.prompts) },
          { name: 'Model requests', value: withFailed(session.api_requests, session.api_errors) },
          { name: 'Tool calls', value: withFailed(session.tool_calls, session.tool_failures) },
          { name: 'Cache hit rate', value: formatPercent(cacheHit(session)) },
          {
            name: 'Edits',
            value: `${formatCount(session.edits_accepted)} accepted, ${formatCount(session.edits_rejected)} rejected`,
          },
          {
            name: 'Lines',
            value: `+${formatCount(session.lines_added)} −${formatCount(session.lines_removed)}`,
          },
          { name: 'Commits', value: formatCount(session.commits) },
          { name: 'Pull requests', value: formatCount(session.pull_requests) },
        ]}
      />
    </SideSection>
  );
}

function withFailed(all: number, failed: number): string {
  return failed === 0 ? formatCount(all) : `${formatCount(all)}, ${formatCount(failed)} failed`;
}

function Identity({ session }: { session: Session }) {
  const zone = useShownZone();
  return (
    <SideSection
      title="Identity"
      actions={<CopyButton text={session.session_id} label="Copy session id" variant="quiet" />}
    >
      <Facts
        facts={[
          { name: 'Session', value: session.session_id, mono: true },
          { name: 'User', value: session.user || '–' },
          { name: 'Client', value: `${session.client} ${session.client_version}` },
          { name: 'Models', value: session.models.join('\n') || '–', mono: true },
          { name: 'Started', value: formatAbsolute(Date.parse(session.started_at), zone) },
          { name: 'Last event', value: formatAbsolute(Date.parse(session.last_event_at), zone) },
        ]}
      />
    </SideSection>
  );
}
