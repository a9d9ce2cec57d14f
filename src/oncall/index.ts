export type { AcknowledgedVia, AcknowledgeInput, Acknowledgement } from './acknowledgements.ts';
export type { ActionPages, PageAnswer, PageRequest } from './action-pages.ts';
export { type ActionTokens, createActionTokens, TOKEN_LIFE_MS, type VerifiedToken } from './action-tokens.ts';
export { type ButtonAnswer, type ButtonHeaders, MAX_BUTTON_BODY_BYTES } from './button-press.ts';
export { type Buttons, createButtons } from './buttons.ts';
export { emptyOnCall, parseOnCall } from './config.ts';
export type { OnCallParseOptions } from './config-reader.ts';
export {
  type EscalationPolicy,
  isForNobody,
  type OnCallConfig,
  type Person,
  policyFor,
  type Schedule,
} from './config-types.ts';
export type { EscalationStatus } from './escalation-status.ts';
export { createOnCall, type OnCall, type OnCallCounters, type OnCallParts } from './on-call.ts';
export { acknowledgementJson, escalationJson, type OnCallView, responseJson } from './on-call-view.ts';
export type { OverrideInput } from './overrides.ts';
export { DEFAULT_PRIORITIES, DEFAULT_PRIORITY, priorityOfLabels } from './priorities.ts';
export type { ResponseStatus } from './responses.ts';
export { nextShift, type Override, onCallAt, type Shift, shiftsIn } from './schedule.ts';
export type {
  OnCallAlert,
  OnCallAlertView,
  OnCallClock,
  OnCallDocuments,
  OnCallEvent,
  OnCallTellOutcome,
  OnCallTellRequest,
} from './types.ts';
