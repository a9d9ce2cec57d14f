export {
  type InboundWebhook,
  type ParsedInboundWebhooks,
  parseInboundWebhooks,
  type SecretSource,
} from './config.ts';
export { defineInbound, type InboundKind } from './kind.ts';
export { INBOUND_KINDS } from './kinds/index.ts';
export { MAX_PAYLOAD_BYTES } from './payload.ts';
export {
  createInboundService,
  type Inbound,
  type InboundDelivery,
  type InboundParts,
  type InboundWebhookStatus,
} from './service.ts';
