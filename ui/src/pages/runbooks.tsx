import type { RunbookJson, RunbookListJson } from '@contract';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { BookOpen } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { EmptyState, ErrorState, Loading, Page, SearchBox, Skeleton } from '../components/index.ts';
import { apiGet } from '../lib/api.ts';
import { plural } from '../lib/format.ts';
import { useUrlState } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import css from './runbooks/runbooks.module.css';

const Markdown = lazy(async () => ({ default: (await import('./runbooks/markdown.tsx')).Markdown }));

const staleMs = 60_000;

/** What to do about each alert. */
export function RunbooksPage() {
  const [q, setQ] = useUrlState('q', '');
  const list = useQuery({
    queryKey: ['runbooks'],
    queryFn: ({ signal }) => apiGet<RunbookListJson>('/api/runbooks', {}, { signal }),
    staleTime: staleMs,
  });
  return (
    <Page narrow>
      <PageHead title="Runbooks" crumbs={crumbs}>
        <SearchBox
          label="Filter runbooks"
          placeholder="Filter by title or alert"
          value={q}
          onChange={(text) => setQ(text, { replace: true })}
        />
      </PageHead>
      {list.data ? (
        <RunbookList runbooks={list.data.runbooks} q={q} />
      ) : list.error ? (
        <ErrorState
          title="The runbooks could not be read."
          error={list.error}
          onRetry={() => void list.refetch()}
        />
      ) : (
        <Loading what="the runbooks">
          <Skeleton height="240px" />
        </Loading>
      )}
    </Page>
  );
}

const crumbs = [{ label: 'Alerts', to: '/alerts' }];

function RunbookList({ runbooks, q }: { runbooks: RunbookListJson['runbooks']; q: string }) {
  const wanted = q.trim().toLowerCase();
  const shown = runbooks.filter(({ title, slug, alerts }) =>
    [title, slug, ...alerts].some((text) => text.toLowerCase().includes(wanted)),
  );
  if (shown.length === 0) {
    return (
      <EmptyState
        title={runbooks.length === 0 ? 'There are no runbooks yet.' : 'No runbook matches.'}
        icon={<BookOpen aria-hidden />}
      >
        Runbooks are Markdown files of packs, or of a folder of your own. An alert opens its runbook with one
        click.
      </EmptyState>
    );
  }
  return (
    <ul className={css.list} aria-label="Runbooks">
      {shown.map(({ slug, title, source, alerts }) => (
        <li key={slug}>
          <Link to="/runbooks/$slug" params={{ slug }} className={css.item}>
            <BookOpen aria-hidden />
            <span className={css.text}>
              <span className={css.title}>{title}</span>
              <span className={css.note}>
                {alerts.length === 0 ? 'linked by no rule' : alerts.join(', ')}
              </span>
            </span>
            <span className={css.source}>{source.replace(/^pack:/, 'pack ')}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

const runbookCrumbs = [...crumbs, { label: 'Runbooks', to: '/runbooks' }];

/** One runbook, to be read in a hurry. */
export function RunbookPage() {
  const { slug = '' } = useParams({ strict: false });
  const runbook = useQuery({
    queryKey: ['runbook', slug],
    queryFn: ({ signal }) => apiGet<RunbookJson>(`/api/runbooks/${encodeURIComponent(slug)}`, {}, { signal }),
    staleTime: staleMs,
  });
  const data = runbook.data;
  return (
    <Page narrow>
      <PageHead title={data?.title ?? 'Runbook'} crumbs={runbookCrumbs} />
      {data ? (
        <article className={css.article} aria-label={data.title}>
          <Suspense fallback={<Skeleton height="320px" />}>
            <Markdown text={data.markdown} title={data.title} />
          </Suspense>
          <footer className={css.foot}>
            From {data.source.replace(/^pack:/, 'pack ')}.{' '}
            {data.alerts.length === 0
              ? 'No rule links to it.'
              : `${plural(data.alerts.length, 'rule links', 'rules link')} to it: ${data.alerts.join(', ')}.`}
          </footer>
        </article>
      ) : runbook.error ? (
        <ErrorState
          title="This runbook could not be read."
          error={runbook.error}
          onRetry={() => void runbook.refetch()}
        />
      ) : (
        <Loading what="the runbook">
          <Skeleton height="320px" />
        </Loading>
      )}
    </Page>
  );
}
