export { MAX_POSTED_ALERTS } from './read-alerts.ts';
export {
  type AlertmanagerApi,
  type AlertmanagerApiAnswer,
  type AlertmanagerApiCall,
  type AlertmanagerApiParts,
  createAlertmanagerService,
} from './service.ts';
