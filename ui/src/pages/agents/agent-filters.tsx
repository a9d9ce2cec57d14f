import type { Session, SessionState } from '@contract';
import { X } from 'lucide-react';
import { useMemo } from 'react';
import {
  Button,
  countValues,
  Facet,
  type FacetChoice,
  type FacetOption,
  facetText,
  parseFacets,
  SessionStateDot,
} from '../../components/index.ts';
import { useUrlState } from '../../lib/url-state.ts';
import css from './agents.module.css';

/** What rows can be narrowed by, and the values a session has for it. */
const facets: readonly { id: string; name: string; values: (session: Session) => readonly string[] }[] = [
  { id: 'state', name: 'State', values: (session) => [session.state] },
  { id: 'user', name: 'User', values: (session) => [session.user] },
  { id: 'model', name: 'Model', values: (session) => session.models },
  {
    id: 'client',
    name: 'Client',
    values: (session) => [`${session.client} ${session.client_version}`.trim()],
  },
];

export interface SessionFilters {
  choice: FacetChoice;
  /** Values with counts, of the rows that pass all other facets. */
  options: Readonly<Record<string, readonly FacetOption[]>>;
  choose: (id: string, values: readonly string[]) => void;
  clear: () => void;
  isActive: boolean;
  shown: readonly Session[];
}

/** Does the session pass every facet but one? */
function passes(session: Session, choice: FacetChoice, except = ''): boolean {
  return facets.every(({ id, values }) => {
    const chosen = choice[id] ?? [];
    return id === except || chosen.length === 0 || values(session).some((value) => chosen.includes(value));
  });
}

/** Facets over the rows that are loaded; the choice is in the address. */
export function useSessionFilters(sessions: readonly Session[]): SessionFilters {
  const [text, setText] = useUrlState('filters', '');
  return useMemo(() => {
    const choice = parseFacets(text);
    const options: Record<string, readonly FacetOption[]> = {};
    for (const { id, values } of facets) {
      options[id] = countValues(
        sessions.filter((session) => passes(session, choice, id)),
        values,
      );
    }
    return {
      choice,
      options,
      choose: (id, values) => setText(facetText({ ...choice, [id]: values }), { replace: true }),
      clear: () => setText(null, { replace: true }),
      isActive: Object.values(choice).some((values) => values.length > 0),
      shown: sessions.filter((session) => passes(session, choice)),
    };
  }, [sessions, text, setText]);
}

export function AgentFilters({ filters }: { filters: SessionFilters }) {
  return (
    <fieldset className={css.filters} aria-label="Filters">
      {facets.map(({ id, name }) => (
        <Facet
          key={id}
          name={name}
          options={(filters.options[id] ?? []).map((option) => (id === 'state' ? withState(option) : option))}
          chosen={filters.choice[id] ?? []}
          onChange={(values) => filters.choose(id, values)}
        />
      ))}
      {filters.isActive && (
        <Button variant="quiet" icon={<X aria-hidden />} onClick={filters.clear}>
          Clear
        </Button>
      )}
    </fieldset>
  );
}

function withState(option: FacetOption): FacetOption {
  return { ...option, label: <SessionStateDot state={option.value as SessionState} /> };
}
