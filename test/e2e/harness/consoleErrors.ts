// Collects what a page complains about, frames and workers of webviews included. A clean console is part of
// what the specs assert; the workbench's own known complaints without a network are left out.
import type { Page } from 'playwright-core';

const workbenchNoise: readonly RegExp[] = [
  /\bvsda(_bg)?\b/,
  /Timed out waiting for authentication provider 'github'/,
  // Nothing outside this machine can be reached: the extension gallery above all.
  /net::ERR_(NAME_NOT_RESOLVED|INTERNET_DISCONNECTED|CONNECTION_\w+|TUNNEL_\w+|PROXY_\w+)/,
  /getaddrinfo (ENOTFOUND|EAI_AGAIN)/,
  // A look-up of its own that it gave up itself, when a palette closed.
  /ERR color: #f33 Canceled: Canceled\s+at \S+ \(\S+\/workbench\.js:/,
  /\b(gallery|marketplace)\b.*(failed|error)|(failed|error).*\b(gallery|marketplace)\b/i,
];

export interface ConsoleErrors {
  /** Errors so far, each as `text (url)`, without the known noise. */
  all(): readonly string[];
  /** Forgets what was seen, for a spec that provoked an error on purpose. */
  clear(): void;
}

/** Starts collecting console errors, content-security violations and uncaught exceptions of a page. */
export function collectConsoleErrors(page: Page): ConsoleErrors {
  let seen: string[] = [];
  const add = (text: string): void => {
    if (!workbenchNoise.some((pattern) => pattern.test(text))) seen.push(text);
  };
  page.on('console', (message) => {
    if (message.type() === 'error') add(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => add(`uncaught: ${error.stack ?? error.message}`));
  return {
    all: () => seen,
    clear: () => {
      seen = [];
    },
  };
}
