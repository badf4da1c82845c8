/** The host's environment for processes that it forks: inside VS Code they run as plain Node and without inspectors. */
export function nodeEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  delete env['NODE_OPTIONS'];
  delete env['NODE_CHANNEL_FD'];
  return env;
}
