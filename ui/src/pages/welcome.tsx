import { Page } from '../components/index.ts';
import { PageHead } from '../shell/page-head.tsx';
import { Onboarding } from './welcome/onboarding.tsx';

/** From a fresh server to the first event of a client, following only what is on screen. */
export function WelcomePage() {
  return (
    <Page narrow>
      <PageHead title="Connect a client" />
      <Onboarding />
    </Page>
  );
}
