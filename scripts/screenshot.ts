/**
 * `npm run screenshot -- SUMMARY.md [IMAGE.png]`: renders a job summary as GitHub would show it (tables, folded parts, mermaid)
 * and takes a picture of it with Debian's Chromium. For the documentation; no part of the tests.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { chromium, type Page } from 'playwright-core';
import { pageStyle } from './screenshot-style.ts';

const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
// Without the last four, Chromium calls home at every start.
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function page(markdown: string): string {
  const body = micromark(markdown, {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
    allowDangerousHtml: true,
  }).replace(
    /<pre><code class="language-mermaid">([\s\S]*?)<\/code><\/pre>/g,
    '<div class="mermaid">$1</div>',
  );
  const mermaid = createRequire(import.meta.url).resolve('mermaid/dist/mermaid.min.js');
  return `<!doctype html><meta charset="utf-8"><style>${pageStyle}</style>
<article class="markdown-body">${body}</article>
<script src="${pathToFileURL(mermaid)}"></script>
<script>
  mermaid.initialize({ startOnLoad: false, theme: 'default', securityLevel: 'strict' });
  mermaid.run().then(() => document.body.dataset.ready = 'yes', (error) => document.body.dataset.ready = String(error));
</script>`;
}

/** Waits for the charts; a chart that mermaid cannot read is an error, not a picture of an error. */
async function ready(browserPage: Page): Promise<void> {
  await browserPage.waitForSelector('body[data-ready]', { state: 'attached' });
  const state = await browserPage.getAttribute('body', 'data-ready');
  if (state !== 'yes') throw new Error(`mermaid could not draw the chart: ${state}`);
}

async function photograph(executablePath: string, markdownPath: string, imagePath: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-screenshot-'));
  const browser = await chromium.launch({ executablePath, args: flags });
  try {
    const html = join(folder, 'summary.html');
    await writeFile(html, page(await readFile(markdownPath, 'utf8')));
    const view = await browser.newPage({ viewport: { width: 960, height: 600 }, deviceScaleFactor: 1.5 });
    await view.goto(pathToFileURL(html).href);
    await ready(view);
    await mkdir(dirname(imagePath), { recursive: true });
    await view.screenshot({ path: imagePath, fullPage: true });
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const [markdownPath, imagePath = 'docs/images/summary.png'] = process.argv.slice(2);
  if (markdownPath === undefined) {
    console.error('Usage: npm run screenshot -- SUMMARY.md [IMAGE.png]');
    return 1;
  }
  const browser = browsers.find((path) => existsSync(path));
  if (browser === undefined) {
    console.error('Chromium is missing: install it with `apt-get install chromium fonts-noto-color-emoji`.');
    return 1;
  }
  await photograph(browser, resolve(markdownPath), resolve(imagePath));
  console.log(`Wrote ${imagePath}.`);
  return 0;
}

process.exitCode = await main();
