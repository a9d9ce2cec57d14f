export {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from './channel.ts';
export { signature as webhookSignature, webhookMessage } from './channels/webhook.ts';
export { DIGEST_LABEL } from './digest.ts';
export { createNotifier } from './notifier.ts';
export {
  DEFAULT_NOTIFY_POLICY,
  type IntegrationStatus,
  NO_METER,
  type Notifier,
  type NotifierParts,
  type NotifyClock,
  type NotifyMeter,
  type NotifyPolicy,
} from './notify-types.ts';
export { type ChannelReference, channelReference, type ReferenceField } from './reference.ts';
export { CHANNELS, createChannels } from './registry.ts';
export { testNotification } from './test-notification.ts';
