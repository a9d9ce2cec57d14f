import type { Overview, Session, SessionList } from '@contract';
import type { InfiniteData } from '@tanstack/react-query';
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command as Cmdk } from 'cmdk';
import { MessagesSquare } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { apiGet } from '../lib/api.ts';
import { formatCost, formatRelative, shortId } from '../lib/format.ts';
import { keys, matchesText } from '../lib/queries.ts';
import type { Command } from './commands.tsx';
import { Modal } from './modal.tsx';
import css from './palette.module.css';
import { paletteScore } from './palette-score.ts';
import { recentIds, rememberRecent } from './recent.ts';
import { Keys } from './shortcut-sheet.tsx';

const mostSessions = 8;
/** Typing is not a request per letter. */
const settleMs = 120;

/** Search and act from anywhere. Own commands filter at once; sessions come from what is cached, then from the server. */
export function Palette(props: { commands: readonly Command[]; onClose: () => void }) {
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const sessions = useFoundSessions(text);
  const run = (id: string, act: () => void): void => {
    rememberRecent(id);
    props.onClose();
    act();
  };
  const commands = props.commands.filter((one) => !one.isHidden);
  const recent = text === '' ? recentCommands(commands) : [];
  const groups = ['Go to', 'View', 'Time', 'Help'] as const;
  const item = (one: Command, prefix = '') => (
    <CommandItem
      key={prefix + one.id}
      command={one}
      value={prefix + one.id}
      run={() => run(one.id, one.run)}
    />
  );
  return (
    <Modal title="Search and commands" onClose={props.onClose} bare className={css.palette}>
      <Cmdk label="Search and commands" loop filter={scoreOf}>
        <Head text={text} onText={setText} onClose={props.onClose} />
        <Cmdk.List className={css.list}>
          <Cmdk.Empty className={css.empty}>Nothing matches “{text}”.</Cmdk.Empty>
          {recent.length > 0 && (
            <Cmdk.Group heading="Recent">{recent.map((one) => item(one, 'recent:'))}</Cmdk.Group>
          )}
          {sessions.length > 0 && (
            <Cmdk.Group heading="Sessions">
              {sessions.map((session) => (
                <SessionItem
                  key={session.session_id}
                  session={session}
                  run={() =>
                    run(`session:${session.session_id}`, () => {
                      void navigate({ to: '/agents/$sessionId', params: { sessionId: session.session_id } });
                    })
                  }
                />
              ))}
            </Cmdk.Group>
          )}
          {groups.map((group) => {
            const members = commands.filter((one) => one.group === group && !recent.includes(one));
            return (
              members.length > 0 && (
                <Cmdk.Group key={group} heading={group}>
                  {members.map((one) => item(one))}
                </Cmdk.Group>
              )
            );
          })}
        </Cmdk.List>
      </Cmdk>
    </Modal>
  );
}

function Head(props: { text: string; onText: (text: string) => void; onClose: () => void }) {
  return (
    <div className={css.head}>
      <Cmdk.Input
        value={props.text}
        onValueChange={props.onText}
        className={css.input}
        placeholder="Go to a page, find a session, do something…"
        data-autofocus=""
      />
      <button type="button" className={css.cancel} onClick={props.onClose}>
        <kbd>Esc</kbd>
        <span>Cancel</span>
      </button>
    </div>
  );
}

/** Sessions are matched before they get here; letting the text filter judge them again could only lose some. */
function scoreOf(value: string, search: string, keywords?: string[]): number {
  if (value.startsWith('session:')) return 1;
  const [label = '', words = ''] = keywords ?? [];
  return paletteScore(label, words, search);
}

function recentCommands(commands: readonly Command[]): readonly Command[] {
  return recentIds()
    .flatMap((id) => commands.find((one) => one.id === id) ?? [])
    .slice(0, 4);
}

function CommandItem(props: { command: Command; value: string; run: () => void }) {
  const { command } = props;
  return (
    <Cmdk.Item
      value={props.value}
      keywords={[command.label, command.words ?? '']}
      onSelect={props.run}
      className={css.item}
    >
      <command.icon aria-hidden />
      <span className={css.text}>{command.label}</span>
      {command.keys !== undefined && (
        <span className={css.keys} aria-hidden>
          <Keys keys={command.keys} />
        </span>
      )}
    </Cmdk.Item>
  );
}

function SessionItem(props: { session: Session; run: () => void }) {
  const { session } = props;
  return (
    <Cmdk.Item value={`session:${session.session_id}`} onSelect={props.run} className={css.item}>
      <MessagesSquare aria-hidden />
      <span className={css.text}>
        {session.user || session.client || 'Session'} <code>{shortId(session.session_id)}</code>
      </span>
      <span className={css.note}>
        {formatCost(session)} · {formatRelative(Date.parse(session.last_event_at), Date.now())}
      </span>
    </Cmdk.Item>
  );
}

function useFoundSessions(text: string): readonly Session[] {
  const client = useQueryClient();
  const asked = useSettled(text.trim(), settleMs);
  const found = useQuery({
    queryKey: ['palette', asked],
    queryFn: ({ signal }) =>
      apiGet<SessionList>(
        '/api/agents/sessions',
        { q: asked, from: 'now-30d', to: 'now', limit: mostSessions },
        { signal },
      ),
    enabled: asked.length >= 2,
    staleTime: 15_000,
  });
  return useMemo(() => {
    const byId = new Map<string, Session>();
    const known = text.trim() === '' ? [] : cachedSessions(client).filter((one) => matchesText(one, text));
    for (const one of [...known, ...(asked === text.trim() ? (found.data?.sessions ?? []) : [])]) {
      byId.set(one.session_id, one);
    }
    return [...byId.values()].slice(0, mostSessions);
  }, [client, text, asked, found.data]);
}

function cachedSessions(client: QueryClient): readonly Session[] {
  const lists = client.getQueriesData<InfiniteData<SessionList>>({ queryKey: [keys.sessions] });
  const overviews = client.getQueriesData<Overview>({ queryKey: [keys.overview] });
  return [
    ...overviews.flatMap(([, overview]) => overview?.live ?? []),
    ...lists.flatMap(([, data]) => data?.pages.flatMap((page) => page.sessions) ?? []),
  ];
}

/** The value once it has not changed for a while. */
function useSettled(value: string, afterMs: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return settled;
}
