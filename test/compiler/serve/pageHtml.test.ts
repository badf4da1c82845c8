import { describe, expect, it } from 'vitest';
import { pageHtml, type PageHtmlOptions } from '../../../compiler/serve/pageHtml.ts';

const options: PageHtmlOptions = {
  scriptUri: '/t/webview.js',
  styleUri: '/t/webview.css',
  layoutWorkerUri: '/t/layoutWorker.js',
  nonce: 'abcdefghijklmnop',
  cspSource: 'http://127.0.0.1:1',
  connectSrc: 'http://127.0.0.1:1',
  host: 'studio',
  title: 'model.onnx',
};

describe('page HTML', () => {
  it('allows nothing but its own script, styles and blob workers', () => {
    const html = pageHtml(options);
    expect(html).toContain('default-src &#39;none&#39;');
    expect(html).toContain('script-src &#39;nonce-abcdefghijklmnop&#39;;');
    expect(html).toContain('worker-src blob:;');
    expect(html).not.toContain('unsafe');
  });

  it('keeps a hostile title, URL and name out of the markup', () => {
    const evil = `"><script>alert('x')</script>`;
    const html = pageHtml({ ...options, title: evil, scriptUri: evil, layoutWorkerUri: evil });
    expect(html).not.toContain('<script>alert');
    expect(html.match(/<script/g)).toHaveLength(1);
  });

  it('refuses a nonce or source that would change the policy', () => {
    expect(() => pageHtml({ ...options, nonce: "x' 'unsafe-inline" })).toThrow(RangeError);
    expect(() => pageHtml({ ...options, connectSrc: '*; script-src *' })).toThrow(RangeError);
  });
});
