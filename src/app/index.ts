export { checkExposure, listenAddresses } from './access.ts';
export { createRuleLanguage } from './alerting/rule-language.ts';
export { readWhole } from './check-config.ts';
export { type RunningServer, type ServerOptions, startServer } from './server.ts';
