export {
  type ActionAnswer,
  type ActionHttpHandler,
  type ActionService,
  actionPagePath,
  buttonPaths,
  createActionHttp,
} from './handler.ts';
