import { createContext, useContext } from 'react';

/** Zone in which times below are shown: `browser`, `UTC` or an IANA name. Pages set it from the address or the settings. */
export const ZoneContext = createContext('browser');

export function useShownZone(): string {
  return useContext(ZoneContext);
}
