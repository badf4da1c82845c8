/**
 * The page's HTML, for both hosts: the VS Code webview and the studio's server. Pure; every value is
 * escaped. Nothing inline runs: one script and one style sheet by URL. Cytoscape's own style element is here
 * already, with the nonce, so that it does not add one that the policy would refuse; the control toolkit
 * looks for the nonce in a meta element with the property `csp-nonce`.
 */

export interface PageHtmlOptions {
  readonly scriptUri: string;
  readonly styleUri: string;
  /** Fetched by the page and started from a blob: a worker's own URL must be of the page's origin. */
  readonly layoutWorkerUri: string;
  /** Fresh for every page. */
  readonly nonce: string;
  /** Where styles, images and fonts come from: `webview.cspSource`, or the server's origin. */
  readonly cspSource: string;
  /** What the page may fetch: the worker's script and, in the studio, the server. Sources as in CSP. */
  readonly connectSrc: string;
  readonly host: 'vscode' | 'studio';
  /** Shown in the browser's tab; a model's name, untrusted. */
  readonly title: string;
}

/** Throws RangeError for a nonce or a source that could break out of the policy. */
export function pageHtml(options: PageHtmlOptions): string {
  const { nonce } = options;
  if (!/^[\w+/=-]{16,}$/.test(nonce)) throw new RangeError('not a nonce');
  const policy = contentPolicy(options);
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="csp-nonce" property="csp-nonce" content="${escapeHtml(nonce)}" />
    <meta name="layout-worker" content="${escapeHtml(options.layoutWorkerUri)}" />
    <meta name="host" content="${options.host}" />
    <title>${escapeHtml(options.title)}</title>
    <link rel="icon" href="data:," />
    <style id="__________cytoscape_stylesheet" nonce="${escapeHtml(nonce)}">
      .__________cytoscape_container { position: relative; }
    </style>
    <link rel="stylesheet" href="${escapeHtml(options.styleUri)}" />
  </head>
  <body>
    <div id="app"></div>
    <script nonce="${escapeHtml(nonce)}" src="${escapeHtml(options.scriptUri)}"></script>
  </body>
</html>
`;
}

function contentPolicy({ nonce, cspSource, connectSrc }: PageHtmlOptions): string {
  for (const source of [cspSource, connectSrc]) {
    if (/[;,\r\n]/.test(source)) throw new RangeError('not a CSP source');
  }
  return [
    "default-src 'none'",
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    'worker-src blob:',
    `img-src data: ${cspSource}`,
    `font-src ${cspSource}`,
    `connect-src ${connectSrc}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
