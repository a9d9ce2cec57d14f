import type { Onboarding as OnboardingAnswer } from '@contract';
import { type ReactNode, useState } from 'react';
import { CodeBlock, ErrorState, Skeleton, Tabs } from '../../components/index.ts';
import { useOnboarding } from '../../lib/queries.ts';
import { useUrlState } from '../../lib/url-state.ts';
import { useArrival } from './first-event.ts';
import { agentSdkSnippet, apiSnippet, keyPlaceholder, withKey } from './snippets.ts';
import { WaitingRow } from './waiting-row.tsx';
import css from './welcome.module.css';
import { SentAndNotSent } from './what-is-sent.tsx';

const ways = ['machine', 'team', 'sdk'] as const;

/** Three steps to the first event: copy, start, watch it arrive. Also what the other pages show while there is no data. */
export function Onboarding() {
  const onboarding = useOnboarding();
  const arrival = useArrival();
  const arrived = arrival?.phase === 'arrived';
  return (
    <div className={css.welcome}>
      <header className={css.intro}>
        <h2>See what your Claude agents do and what they cost</h2>
        <p>
          Claude Code reports its sessions by itself once it knows where to. Two minutes, nothing to install.
        </p>
      </header>
      <ol className={css.steps}>
        <Step number={1} title="Tell the client where to send" done={arrived}>
          {onboarding.data ? (
            <Ways onboarding={onboarding.data} />
          ) : onboarding.error ? (
            <ErrorState
              compact
              title="The settings could not be read."
              error={onboarding.error}
              onRetry={() => void onboarding.refetch()}
            />
          ) : (
            <Skeleton height="264px" />
          )}
        </Step>
        <Step number={2} title="Start Claude Code and give it a task" done={arrived}>
          <p className={css.text}>
            In the same terminal run <code>claude</code>, or <code>claude -p "say hello"</code> for a quick
            try. A client that already runs keeps its old settings until it is started anew.
          </p>
        </Step>
        <Step number={3} title="Watch the first event arrive" done={arrived}>
          <WaitingRow arrival={arrival} />
        </Step>
      </ol>
      <SentAndNotSent />
    </div>
  );
}

function Step(props: { number: number; title: string; done: boolean; children: ReactNode }) {
  return (
    <li className={css.step} data-done={props.done || undefined}>
      <span className={css.number} aria-hidden>
        {props.done ? '✓' : props.number}
      </span>
      <div className={css.stepBody}>
        <h3 className={css.stepTitle}>
          {props.title}
          {props.done && <span className="visually-hidden"> (done)</span>}
        </h3>
        {props.children}
      </div>
    </li>
  );
}

function Ways({ onboarding }: { onboarding: OnboardingAnswer }) {
  const [way, setWay] = useUrlState('for', 'machine', ways);
  const [key, setKey] = useState('');
  return (
    <>
      {onboarding.key_required && <KeyField value={key} onChange={setKey} />}
      <Tabs
        label="What you want to connect"
        value={way}
        onChange={(next) => setWay(next, { replace: true })}
        tabs={[
          { id: 'machine', label: 'This machine' },
          { id: 'team', label: 'A team' },
          { id: 'sdk', label: 'Agent SDK and bots' },
        ]}
      >
        {way === 'machine' && (
          <>
            <p className={css.text}>Paste this into a terminal, or into your shell's profile to keep it.</p>
            <CodeBlock
              text={withKey(onboarding.shell, key)}
              label="Environment variables for a shell"
              copyLabel="Copy"
              primary
            />
            <Why onboarding={onboarding} />
          </>
        )}
        {way === 'team' && (
          <>
            <p className={css.text}>
              Put this into <code>managed-settings.json</code> and hand it out with your device management. On
              Linux the file is <code>/etc/claude-code/managed-settings.json</code>, on macOS{' '}
              <code>/Library/Application Support/ClaudeCode/managed-settings.json</code>.
            </p>
            <CodeBlock
              text={withKey(onboarding.settings_json, key)}
              label="Managed settings as JSON"
              primary
            />
          </>
        )}
        {way === 'sdk' && (
          <>
            <p className={css.text}>The Agent SDK starts the same client, so the same variables do:</p>
            <CodeBlock
              text={withKey(agentSdkSnippet(onboarding), key)}
              label="Agent SDK with telemetry"
              primary
            />
            <p className={css.text}>
              A bot that calls the Claude API with the official SDK reports its requests as spans:
            </p>
            <CodeBlock text={withKey(apiSnippet(onboarding), key)} label="Tracing for the Claude API" />
          </>
        )}
      </Tabs>
    </>
  );
}

function KeyField(props: { value: string; onChange: (key: string) => void }) {
  return (
    <div className={css.key}>
      <label htmlFor="ingest-key">
        This server takes data only with a key. Create one with <code>bellwether keys create NAME</code> and
        paste it here to have it filled in below; it does not leave this page.
      </label>
      <input
        id="ingest-key"
        autoComplete="off"
        spellCheck={false}
        placeholder={keyPlaceholder}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value.trim())}
      />
    </div>
  );
}

function Why({ onboarding }: { onboarding: OnboardingAnswer }) {
  return (
    <details className={css.why}>
      <summary>What each line does</summary>
      <dl>
        {onboarding.env.map(({ name, why }) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{why}</dd>
          </div>
        ))}
      </dl>
      {onboarding.otlp_grpc_url !== '' && (
        <p className={css.text}>
          For gRPC set <code>OTEL_EXPORTER_OTLP_PROTOCOL=grpc</code> and{' '}
          <code>OTEL_EXPORTER_OTLP_ENDPOINT={onboarding.otlp_grpc_url}</code>.
        </p>
      )}
    </details>
  );
}
