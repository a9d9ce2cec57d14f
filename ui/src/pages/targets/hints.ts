/** What a person can do about a failed scrape, by what its error says. The first that fits is shown. */
const hints: readonly [RegExp, string][] = [
  [
    /ECONNREFUSED|connection refused/i,
    'Nothing listens at this address. Is the exporter running, and is the port right?',
  ],
  [
    /ENOTFOUND|EAI_AGAIN|no such host/i,
    'The name could not be resolved from the machine this server runs on.',
  ],
  [
    /timed? ?out|deadline|ETIMEDOUT/i,
    'The target did not answer in time. Raise scrape_timeout, or find out why it is slow.',
  ],
  [
    /certificate|self.signed|tls|ssl/i,
    'The certificate was not accepted. Set tls_config.ca_file, or server_name if the name differs.',
  ],
  [/\b401\b|\b403\b/, 'The target wants credentials. Set basic_auth or authorization for this job.'],
  [/\b404\b/, 'The target answers, but not under this path. Set metrics_path.'],
  [/body.*(limit|size)|size limit/i, 'The answer is larger than body_size_limit of this job allows.'],
  [/sample.?limit|samples? .*limit/i, 'The target has more samples than sample_limit of this job allows.'],
  [
    /label.?(name|value)?.*limit/i,
    'A label is longer, or there are more of them, than the label limits of this job allow.',
  ],
  [
    /content.?type|text\/html/i,
    'The answer is not in a format of metrics. Does the path lead to a web page? Check metrics_path.',
  ],
  [/redirect/i, 'The target redirects in a circle or to nowhere. Use the address it redirects to.'],
];

/** Empty when nothing useful is known. */
export function targetHint(error: string): string {
  return error === '' ? '' : (hints.find(([pattern]) => pattern.test(error))?.[1] ?? '');
}
