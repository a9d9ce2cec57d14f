import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  type AlertEngine,
  createAlertEngine,
  createAlertmanagerService,
  createInboundService,
  type Inbound,
} from '../../alerts/index.ts';
import type { Config } from '../../config/index.ts';
import type { ActionService, AlertmanagerService, AlertServices, InboundService } from '../../http/index.ts';
import type { IngestPipeline } from '../../ingest/index.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { CHANNELS, createChannels, createNotifier, type Notifier } from '../../notify/index.ts';
import { createOnCall, isForNobody, type OnCall } from '../../oncall/index.ts';
import { createAlertHistoryQueries } from '../../query/alerts/index.ts';
import type { RuleStatus } from '../../query/metrics/index.ts';
import { alertsJson, type RuleManager, rulesJson } from '../../rules/index.ts';
import type { ServerMetrics } from '../../self/index.ts';
import { createDocuments, type StateDatabase } from '../../state/index.ts';
import type { Store, Writer } from '../../store/index.ts';
import {
  ALERTMANAGER_FUNCTIONS,
  compileTemplates,
  DEFAULT_TEMPLATES,
  type TemplateSet,
} from '../../templates/index.ts';
import { type AlertHistory, createAlertHistory } from '../alert-history.ts';
import type { Metrics } from '../metrics.ts';
import type { Stack } from '../stack.ts';
import { factsOf } from './alert-facts.ts';
import { alertLinksOf } from './alert-links.ts';
import { notifyMeter, observeAlerting } from './alert-metrics.ts';
import { createActions, createOnCallServices } from './on-call-services.ts';
import { paced } from './paced.ts';
import { type AlertingPlan, runbookFolder } from './plan.ts';
import { createPlans, type Plans } from './plans.ts';
import { integrationsOf, receiverInfos } from './receivers.ts';
import { toEvent, toIncoming } from './rule-alerts.ts';
import { parseUserRules } from './rule-files.ts';
import { createRuleLanguage, type RuleLanguage } from './rule-language.ts';
import { createRules } from './rules.ts';
import { createRunbookShelf, type RunbookShelf } from './runbooks.ts';
import { createAlertServices } from './services.ts';
import { openUserRules } from './user-rules.ts';

/** How long rules wait for the store at a start. */
const STORE_WAIT_MS = 10_000;

export interface AlertingParts {
  readonly config: Config;
  readonly version: string;
  /** Reads the configuration again. @throws ConfigError */
  readonly readConfig: () => Config;
  /** Takes what a new configuration says about scraping. @throws ConfigError before anything is changed. */
  readonly prepareScraping: (config: Config) => () => void;
  readonly state: StateDatabase;
  readonly store: Store;
  readonly writer: Writer;
  readonly metrics: Metrics;
  readonly intake: Pick<IngestPipeline, 'write'>;
  readonly registry: ServerMetrics['registry'];
  /** Where people reach this server, without a slash at the end. */
  readonly externalUrl: string;
  /** Alerts, silences or acknowledgements changed. */
  readonly onChange: () => void;
  readonly log: Log;
  readonly stack: Stack;
}

/** Rules, alerts, receivers, on-call. */
export interface Alerting {
  readonly services: AlertServices;
  readonly ruleStatus: RuleStatus;
  readonly alertmanager: AlertmanagerService;
  readonly inbound: InboundService;
  readonly actions: ActionService;
  /** Alerts that fire, are not suppressed, and ask for somebody: severity `none` does not. */
  firing(): number;
}

/** What is made once and lives as long as the server. */
interface Alive {
  readonly language: RuleLanguage;
  readonly history: AlertHistory;
  readonly notifier: Notifier;
  readonly onCall: OnCall;
  readonly engine: AlertEngine;
  readonly rules: RuleManager;
  readonly runbooks: RunbookShelf;
  readonly inbound: Inbound;
  readonly startedMs: number;
}

/**
 * Builds and starts everything about alerts.
 *
 * @throws ConfigError when what the configuration names has mistakes.
 */
export async function startAlerting(parts: AlertingParts): Promise<Alerting> {
  const language = createRuleLanguage(parts.config.query.features);
  const userRules = await openUserRules(createDocuments(parts.state, 'user_rules'));
  let alive: Alive | undefined;
  let rulesStarted = Promise.resolve();
  const plans = createPlans({
    config: parts.config,
    readConfig: parts.readConfig,
    language,
    userRules,
    apply: async (plan) => {
      await rulesStarted;
      await apply(parts, alive!, plan);
    },
    applyRules: async ({ rules }) => {
      await rulesStarted;
      await alive!.rules.reload(rules.groups);
    },
    onRuleChanged: (name, what, { actor, nowMs }) =>
      alive!.history.record([
        { kind: 'rule_changed', timeMs: nowMs, actor, detail: `the rule ${name} was ${what}` },
      ]),
  });
  alive = await build(parts, plans, language);
  ({ rulesStarted } = await run(parts, alive, plans));
  return faceOf(parts, alive, plans);
}

async function build(parts: AlertingParts, plans: Plans, language: RuleLanguage): Promise<Alive> {
  const { state, writer, metrics, intake, externalUrl, log, config } = parts;
  const { externalLabels, promql } = metrics;
  const plan = plans.current();
  const clock = systemClock;
  let engine: AlertEngine;
  let history: AlertHistory;
  const notifier = createNotifier({
    channels: createChannels({ fileDirectory: join(config.data_dir, 'notifications') }),
    templates: templatesOf(plan),
    integrations: integrationsOf(plan.alerting),
    meter: notifyMeter(parts.registry),
    ...{ externalUrl, clock, log },
  });
  const onCall = await createOnCall({
    config: plan.onCall,
    documents: createDocuments(state, 'on_call'),
    record: (events) => history.record(events),
    tell: (request) => engine.tell(request),
    alertOf: (fingerprint) => engine.alert(fingerprint),
    ...{ externalUrl, clock, log },
  });
  history = createAlertHistory({ writer, priorityOf: onCall.priorityOf, clock, log });
  const links = {
    externalUrl,
    tokenFor: onCall.tokens.create,
    isSigned: () => plans.current().config.alerting.action_links,
  };
  engine = createAlertEngine({
    config: plan.alerting,
    alertDocuments: createDocuments(state, 'alerts'),
    silenceDocuments: createDocuments(state, 'silences'),
    notificationDocuments: createDocuments(state, 'notifications'),
    deliver: notifier.deliver,
    maxAlertsOf: ({ channel }) => CHANNELS.find(({ name }) => name === channel)?.maxAlerts,
    record: history.record,
    linksOf: (alert) => alertLinksOf(alert, links),
    priorityOf: onCall.priorityOf,
    isAcknowledged: (alert) => onCall.isAcknowledged(alert),
    ...{ externalUrl, clock, log },
  });
  const rules = createRules({
    engine: promql.engine,
    documents: createDocuments(state, 'rules'),
    resendDelayMs: config.alerting.resend_delay,
    settleMs: config.alerting.settle,
    notify: (alerts) => engine.post(alerts.map((alert) => toIncoming(alert, externalUrl))),
    onChange: (changes) => {
      history.record(changes.map((change) => toEvent(change, externalLabels)));
      parts.onChange();
    },
    ...{ intake, language, externalLabels, externalUrl, log },
  });
  const runbooks = createRunbookShelf({ rules, externalUrl, clock: clock.now, log });
  const inbound = createInboundService({ engine, clock, webhooks: plan.webhooks, log });
  const startedMs = clock.now();
  return { language, history, notifier, onCall, engine, rules, runbooks, inbound, startedMs };
}

/** Starts everything in an order in which nothing is told to somebody who does not listen yet. */
async function run(
  parts: AlertingParts,
  alive: Alive,
  plans: Plans,
): Promise<{ rulesStarted: Promise<void> }> {
  const { stack, log } = parts;
  const plan = plans.current();
  const { history, notifier, onCall, engine, rules, runbooks } = alive;
  for (const warning of plan.warnings) log.warn({}, warning);
  await runbooks.use(plan.packs.packs, runbookFolder(plan.config));
  stack.onStop('alert history', () => history.stop());
  stack.onStop('notifications', () => notifier.stop());
  await engine.start();
  stack.onStop('alerts', () => engine.stop());
  await onCall.start();
  stack.onStop('on-call', () => onCall.stop());
  const look = paced(() => onCall.onAlerts(() => engine.alerts()), systemClock);
  const changed = () => {
    look();
    parts.onChange();
  };
  stack.onStop('watch on alerts', engine.onChange(changed));
  changed();
  const patience = new AbortController();
  const rulesStarted = startRules(parts, { rules, plan, signal: patience.signal });
  stack.onStop('rules', async () => {
    patience.abort();
    await rulesStarted;
    await rules.stop();
  });
  stack.onStop('changes of the configuration', () => plans.stop());
  observeAlerting(parts.registry, { ...alive, isReloadGood: plans.isReloadGood });
  return { rulesStarted };
}

/**
 * Begins to evaluate when the store can be asked: before that every rule would begin with an error. Not for ever, because rules also say
 * that the store is away. Never rejects.
 */
async function startRules(
  { store, log }: AlertingParts,
  { rules, plan, signal }: { rules: RuleManager; plan: AlertingPlan; signal: AbortSignal },
): Promise<void> {
  try {
    const wait = setTimeout(STORE_WAIT_MS, undefined, { signal, ref: false });
    await Promise.race([store.whenReady(), wait]);
  } catch (error) {
    // Told elsewhere: the store's own state is shown, and a stop ends the wait.
    log.debug({ error }, 'rules begin without the store');
  }
  try {
    await rules.start(plan.rules.groups);
  } catch (error) {
    log.error({ error }, 'the rules could not be started');
  }
}

/** Changes over to a new plan. Everything that can be refused is checked before anything changes. */
async function apply(parts: AlertingParts, alive: Alive, plan: AlertingPlan): Promise<void> {
  const applyScraping = parts.prepareScraping(plan.config);
  const templates = templatesOf(plan);
  await alive.rules.reload(plan.rules.groups);
  applyScraping();
  alive.notifier.reload(templates, integrationsOf(plan.alerting));
  await alive.engine.reload(plan.alerting);
  await alive.onCall.reload(plan.onCall);
  alive.inbound.configure(plan.webhooks);
  await alive.runbooks.use(plan.packs.packs, runbookFolder(plan.config));
  for (const warning of plan.warnings) parts.log.warn({}, warning);
  parts.log.info(
    { groups: plan.rules.groups.length, receivers: plan.alerting.receivers.size },
    'changed over to the configuration as it is now',
  );
}

/** @throws TemplateError, which reading the configuration has excluded. */
function templatesOf({ alerting }: AlertingPlan): TemplateSet {
  return compileTemplates([...DEFAULT_TEMPLATES, ...alerting.templates], {
    functions: ALERTMANAGER_FUNCTIONS,
  });
}

function faceOf(parts: AlertingParts, alive: Alive, plans: Plans): Alerting {
  const { engine, rules, onCall, notifier, runbooks, language } = alive;
  const { externalLabels, promql } = parts.metrics;
  const trial = {
    ...{ language, externalLabels, engine: promql.engine, externalUrl: parts.externalUrl },
    parse: (rule: Parameters<AlertServices['previewRule']>[0]) =>
      parseUserRules([{ id: 'new', rule }], language, plans.current().rules.timing),
  };
  const receivers = () => receiverInfos(plans.current(), notifier.status());
  const people = {
    ...{ engine, onCall, externalUrl: parts.externalUrl, onChange: parts.onChange },
    clock: systemClock.now,
  };
  const services = createAlertServices({
    ...{ engine, rules, plans, runbooks, trial, externalLabels, receivers },
    history: createAlertHistoryQueries(parts.store),
    onCall: createOnCallServices(people),
    facts: factsOf(onCall, runbooks),
  });
  const { reload } = services;
  return {
    services,
    ruleStatus: {
      rules: (query) => rulesJson(rules.groups(), query),
      alerts: () => alertsJson(rules.groups()),
      alertmanagers: () => [`${parts.externalUrl}/alertmanager/api/v2/alerts`],
    },
    alertmanager: createAlertmanagerService({
      ...{ engine, version: parts.version, startedMs: alive.startedMs, clock: systemClock, reload },
      isReady: () => true,
    }),
    inbound: alive.inbound,
    actions: createActions(people),
    firing: () =>
      engine
        .alerts()
        .filter(
          ({ alert, isResolved, suppressions }) =>
            !isResolved && suppressions.length === 0 && !isForNobody(alert.labels),
        ).length,
  };
}
