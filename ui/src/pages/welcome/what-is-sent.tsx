import { Check, Minus } from 'lucide-react';
import css from './welcome.module.css';

const sent = [
  'Which model was asked, when, how long it took, how many tokens, what it cost',
  'Which tools ran, whether they succeeded, who allowed them',
  'Errors and retries, versions, lines changed, commits and pull requests',
  'The account when signed in with one, else a random id of the installation',
];
const notSent: readonly (readonly [what: string, unless: string])[] = [
  ['The text of prompts', 'OTEL_LOG_USER_PROMPTS=1'],
  ['The text of answers', 'OTEL_LOG_ASSISTANT_RESPONSES=1'],
  ['Commands, file names and arguments of tools', 'OTEL_LOG_TOOL_DETAILS=1'],
  ['Input and output of tools', 'OTEL_LOG_TOOL_CONTENT=1'],
];

/** What leaves the client and what does not, so that nobody has to guess before pasting. */
export function SentAndNotSent() {
  return (
    <section className={css.privacy} aria-labelledby="what-is-sent">
      <h2 id="what-is-sent">What is sent, and what is not</h2>
      <div className={css.lists}>
        <div>
          <h3>Sent to this server only</h3>
          <ul>
            {sent.map((what) => (
              <li key={what}>
                <Check aria-hidden className={css.yes} /> <span>{what}</span>
              </li>
            ))}
          </ul>
        </div>
        <div>
          <h3>Not sent unless you say so</h3>
          <ul>
            {notSent.map(([what, unless]) => (
              <li key={what}>
                <Minus aria-hidden className={css.no} />
                <span>
                  {what} <code>{unless}</code>
                </span>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </section>
  );
}
