export { checkExposure, listenAddresses } from './access.ts';
export { type RunningServer, type ServerOptions, startServer } from './server.ts';
