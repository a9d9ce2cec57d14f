import { z } from 'zod';
import { DecodeError } from '../../../lib/errors.ts';
import { section, textList } from '../../../prom-config/index.ts';
import { defineInbound, type InboundContext, type RawAlert, type RawDelivery } from '../kind.ts';
import { type Payload, textAt, timeOf, valueAt } from '../payload.ts';

const FAILED = new Set(['failure', 'timed_out', 'startup_failure', 'error', 'action_required']);
const PASSED = new Set(['success']);
/** Each workflow run has a check suite of this app too, which would tell everything twice. */
const ACTIONS_APP = 'github-actions';

const mapping = section({
  /** `default`: the repository's default branch; `all`; or names. Deployments have none. */
  branches: z.union([z.enum(['default', 'all']), textList]).default('default'),
});
type Branches = z.output<typeof mapping>['branches'];

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const githubKind = defineInbound({
  name: 'github',
  title: 'GitHub',
  summary:
    'Failed workflow runs, check suites and deployments; the next success of the same one resolves it (events workflow_run, check_suite, deployment_status)',
  signatureHeader: 'x-hub-signature-256',
  mapping,
  createReader: (settings) => (payload, context) => readEvent(payload, context, settings.branches),
});

function readEvent(payload: Payload, context: InboundContext, branches: Branches): RawDelivery {
  const event = context.header('x-github-event');
  if (event === '')
    throw new DecodeError('the header X-GitHub-Event is missing', 'this is no webhook of GitHub');
  if (event === 'ping') return nothing('pong');
  switch (event) {
    case 'workflow_run':
      return readRun(payload, branches);
    case 'check_suite':
      return readSuite(payload, branches);
    case 'deployment_status':
      return readDeployment(payload);
    default:
      return nothing(`events of type ${event.slice(0, 64)} become no alerts`);
  }
}

function nothing(note: string): RawDelivery {
  return { alerts: [], note };
}

function readRun(payload: Payload, branches: Branches): RawDelivery {
  const workflow = textAt(payload, 'workflow_run.name') ?? textAt(payload, 'workflow.name') ?? 'workflow';
  return readCompleted(payload, branches, {
    field: 'workflow_run',
    alertname: 'GitHubWorkflowFailed',
    label: ['workflow', workflow],
    title: `Workflow ${workflow}`,
  });
}

function readSuite(payload: Payload, branches: Branches): RawDelivery {
  if (textAt(payload, 'check_suite.app.slug') === ACTIONS_APP)
    return nothing('workflow_run tells of workflows');
  const app = textAt(payload, 'check_suite.app.name') ?? 'checks';
  return readCompleted(payload, branches, {
    field: 'check_suite',
    alertname: 'GitHubChecksFailed',
    label: ['app', app],
    title: `Checks of ${app}`,
  });
}

interface CompletedThing {
  readonly field: string;
  readonly alertname: string;
  readonly label: readonly [name: string, value: string];
  readonly title: string;
}

function readCompleted(
  payload: Payload,
  branches: Branches,
  { field, alertname, label, title }: CompletedThing,
): RawDelivery {
  if (textAt(payload, 'action') !== 'completed') return nothing('it is not completed yet');
  const at = (name: string) => textAt(payload, `${field}.${name}`);
  const branch = at('head_branch') ?? '';
  const defaultBranch = textAt(payload, 'repository.default_branch') ?? '';
  if (!isWatched(branch, branches, defaultBranch))
    return nothing(`branch ${branch.slice(0, 200)} is not watched`);
  const outcome = outcomeOf(at('conclusion'));
  if (outcome === undefined) return nothing(`conclusion ${at('conclusion') ?? 'none'} says neither`);
  const repository = repositoryOf(payload);
  const alert: RawAlert = {
    labels: [['alertname', alertname], ['repository', repository], label, ['branch', branch], WARNING],
    annotations: [
      ['summary', `${title} ${outcome} on ${branch} of ${repository}`],
      ['description', descriptionOf(at('display_title') ?? at('head_commit.message'), at('actor.login'))],
      ['commit', at('head_sha') ?? ''],
    ],
    isResolved: outcome === 'passed',
    startsAtMs: timeOf(at('updated_at')),
    generatorUrl: at('html_url') ?? textAt(payload, 'repository.html_url'),
  };
  return { alerts: [alert], note: '' };
}

const WARNING = ['severity', 'warning'] as const;

function readDeployment(payload: Payload): RawDelivery {
  const state = textAt(payload, 'deployment_status.state');
  const outcome = outcomeOf(state);
  if (outcome === undefined) return nothing(`state ${state ?? 'none'} says neither`);
  const environment =
    textAt(payload, 'deployment_status.environment') ?? textAt(payload, 'deployment.environment') ?? '';
  const repository = repositoryOf(payload);
  const description = textAt(payload, 'deployment_status.description');
  const creator = textAt(payload, 'deployment_status.creator.login');
  const alert: RawAlert = {
    labels: [
      ['alertname', 'GitHubDeploymentFailed'],
      ['repository', repository],
      ['environment', environment],
      WARNING,
    ],
    annotations: [
      ['summary', `Deployment of ${repository} to ${environment || 'an environment'} ${outcome}`],
      ['description', descriptionOf(description, creator)],
      ['commit', textAt(payload, 'deployment.sha') ?? ''],
      ['ref', textAt(payload, 'deployment.ref') ?? ''],
    ],
    isResolved: outcome === 'passed',
    startsAtMs: timeOf(valueAt(payload, ['deployment_status', 'updated_at'])),
    generatorUrl:
      textAt(payload, 'deployment_status.log_url') ?? textAt(payload, 'deployment_status.target_url'),
  };
  return { alerts: [alert], note: '' };
}

function outcomeOf(word: string | undefined): 'failed' | 'passed' | undefined {
  if (word === undefined) return undefined;
  return FAILED.has(word) ? 'failed' : PASSED.has(word) ? 'passed' : undefined;
}

function isWatched(branch: string, branches: Branches, defaultBranch: string): boolean {
  if (branches === 'all') return true;
  return branches === 'default' ? branch === defaultBranch : branches.includes(branch);
}

function repositoryOf(payload: Payload): string {
  return textAt(payload, 'repository.full_name') ?? 'unknown';
}

function descriptionOf(what: string | undefined, who: string | undefined): string {
  return [what, who === undefined ? undefined : `by ${who}`].filter((part) => part !== undefined).join(', ');
}
