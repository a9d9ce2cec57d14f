import type { Notification } from '../../model/notification.ts';
import { type ChannelDefinition, defineChannel, type SendContext, type SendResult } from '../channel.ts';
import { emailMessage } from './email-message.ts';
import { checkEmail, type EmailSettings, emailSchema } from './email-settings.ts';
import { sendMail } from './email-smtp.ts';
import { quote } from './http.ts';

/** E-mail over SMTP (RFC 5321), with STARTTLS or implicit TLS and login. */
export const email: ChannelDefinition<EmailSettings> = defineChannel({
  name: 'email',
  title: 'E-mail',
  configKey: 'email_configs',
  isInAlertmanager: true,
  schema: emailSchema,
  globals: {
    from: 'smtp_from',
    hello: 'smtp_hello',
    smarthost: 'smtp_smarthost',
    auth_username: 'smtp_auth_username',
    auth_password: 'smtp_auth_password',
    auth_password_file: 'smtp_auth_password_file',
    auth_secret: 'smtp_auth_secret',
    auth_secret_file: 'smtp_auth_secret_file',
    auth_identity: 'smtp_auth_identity',
    require_tls: 'smtp_require_tls',
    force_implicit_tls: 'smtp_force_implicit_tls',
    tls_config: 'smtp_tls_config',
  },
  secretKeys: ['auth_password', 'auth_secret', 'tls_config.key'],
  templateKeys: ['to', 'from', 'html', 'text', 'headers'],
  sendsResolved: false,
  maxAlerts: undefined,
  messagesPerMinute: 30,
  check: checkEmail,
  send: sendEmail,
});

async function sendEmail(
  notification: Notification,
  context: SendContext<EmailSettings>,
): Promise<SendResult> {
  const { response, accepted, rejected } = await sendMail(context, await emailMessage(notification, context));
  const detail = `SMTP ${quote(context, response)}`;
  if (rejected.length === 0) return { detail };
  // Once more would bring it again to those who have it.
  context.log.warn(
    { rejected: rejected.length },
    'the mail server refused some recipients of a notification',
  );
  const total = accepted.length + rejected.length;
  return {
    detail: `${detail}; ${rejected.length} of ${total} recipients refused: ${quote(context, rejected.join(', '))}`,
  };
}
