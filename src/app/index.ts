export { checkExposure, listenAddresses } from './access.ts';
export { readScraping } from './scraping.ts';
export { type RunningServer, type ServerOptions, startServer } from './server.ts';
