import { late } from '../../lib/late.ts';
import type { Alerting } from './alerting.ts';

/** What alerting offers to parts that are made before it: they answer 503 until it is there. */
export interface LateAlerting extends Alerting {
  bind(alerting: Alerting): void;
}

export function lateAlerting(): LateAlerting {
  let bound: Alerting | undefined;
  const parts = {
    services: late<Alerting['services']>('alerting'),
    ruleStatus: late<Alerting['ruleStatus']>('alerting'),
    alertmanager: late<Alerting['alertmanager']>('alerting'),
    inbound: late<Alerting['inbound']>('alerting'),
    actions: late<Alerting['actions']>('alerting'),
  };
  return {
    services: parts.services.value,
    ruleStatus: parts.ruleStatus.value,
    alertmanager: parts.alertmanager.value,
    inbound: parts.inbound.value,
    actions: parts.actions.value,
    firing: () => bound?.firing() ?? 0,
    bind(alerting) {
      bound = alerting;
      parts.services.bind(alerting.services);
      parts.ruleStatus.bind(alerting.ruleStatus);
      parts.alertmanager.bind(alerting.alertmanager);
      parts.inbound.bind(alerting.inbound);
      parts.actions.bind(alerting.actions);
    },
  };
}
